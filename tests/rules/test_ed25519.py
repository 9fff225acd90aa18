"""The verifier's own Ed25519 against RFC 8032's vectors and another implementation."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from tests.services.exports import tool

# RFC 8032, section 7.1: secret key, public key, message, signature.
VECTORS = {
    "TEST 1": (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    "TEST 2": (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    "TEST 3": (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
    "TEST SHA(abc)": (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        hashlib.sha512(b"abc").hexdigest(),
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e030"
        "3dca179c138ac17ad9bef1177331a704",
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_the_vectors_of_the_rfc(name):
    secret, public, message, signature = map(bytes.fromhex, VECTORS[name])
    key = tool.PublicKey(public)
    assert key.verifies(signature, message)
    assert not key.verifies(signature, message + b"!")
    for place in (0, 31, 32, 63):
        wrong = bytearray(signature)
        wrong[place] ^= 1
        assert not key.verifies(bytes(wrong), message)
    assert Ed25519PrivateKey.from_private_bytes(secret).sign(message) == signature


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200))
def test_what_another_implementation_signs_is_verified(secret, message):
    private = Ed25519PrivateKey.from_private_bytes(secret)
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    signature = private.sign(message)
    key = tool.PublicKey(public)
    assert key.name == hashlib.sha256(public).hexdigest()[:16]
    assert key.verifies(signature, message)
    # s + L is the same number to a careless verifier.
    s = int.from_bytes(signature[32:], "little") + tool.L
    if s < 2**256:
        assert not key.verifies(signature[:32] + s.to_bytes(32, "little"), message)


@given(st.binary(min_size=64, max_size=64))
def test_the_same_signatures_are_refused(signature):
    public = bytes.fromhex(VECTORS["TEST 1"][1])
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(public).verify(signature, b"")
    assert not tool.PublicKey(public).verifies(signature, b"")


@pytest.mark.parametrize(
    "data", [b"", b"\x01" * 31, (tool.P + 1).to_bytes(32, "little"), b"\x02" + bytes(31)]
)
def test_bytes_that_are_no_key_are_refused(data):
    with pytest.raises(ValueError, match="no Ed25519"):
        tool.PublicKey(data)
