#!/usr/bin/env python3
"""Check an exported audit log of Duban 督办 on another computer: this one file and Python 3.8 or newer, nothing else.

    python3 verify_export.py audit.jsonl --key "3f2a 77b0 9c1d 0e44" --anchors checkpoints.jsonl
    python3 verify_export.py audit.jsonl --foot "1/204 3f2a 77b0 9c1d 0e44 5a61" --pdf notice.pdf --lang en

Exit code: 0 nothing wrong was found, 1 something was, 2 the check could not be made. The file is read from disk
line by line, so its size does not matter. The format stands in docs/audit-export.md, instructions for the person
who runs this in docs/verify-export.md.
"""

import argparse
import hashlib
import json
import re
import sys
import unicodedata
from datetime import datetime, timedelta, timezone

# --- Ed25519 verification, RFC 8032, section 5.1 ----------------------------------------------------

P = 2**255 - 19  # the field
L = 2**252 + 27742317777372353535851937790883648493  # the order of the base point
D = -121665 * pow(121666, -1, P) % P  # the curve: -x² + y² = 1 + D x² y²
SQRT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)
ZERO_POINT = (0, 1, 1, 0)  # points are (X, Y, Z, T): x = X/Z, y = Y/Z, xy = T/Z


def add(p, q):
    """Return the sum of two points (5.1.4)."""
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def decode_point(data):
    """Return the point of 32 bytes, None if they are no point (5.1.3)."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if len(data) != 32 or y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * SQRT_OF_MINUS_1 % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x % 2 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


def encode_point(p):
    """Return a point as 32 bytes (5.1.2)."""
    inverse = pow(p[2], -1, P)
    x, y = p[0] * inverse % P, p[1] * inverse % P
    return (y | (x % 2) << 255).to_bytes(32, "little")


class Multiples:
    """The multiples of one point: row i holds 0 to 15 times 16^i times the point, so that a product is 64 sums."""

    def __init__(self, point):
        self.rows = []
        for _ in range(64):
            row = [ZERO_POINT]
            for _ in range(16):
                row.append(add(row[-1], point))
            point = row.pop()
            self.rows.append(row)

    def times(self, number):
        total = ZERO_POINT
        for row in self.rows:
            total = add(total, row[number & 15])
            number >>= 4
        return total


BASE = Multiples(decode_point((4 * pow(5, -1, P) % P).to_bytes(32, "little")))


class PublicKey:
    """A public key of 32 bytes. Raise ValueError if they are none."""

    def __init__(self, data):
        point = decode_point(data)
        if point is None:
            raise ValueError("no Ed25519 public key")
        self.data = data
        self.name = hashlib.sha256(data).hexdigest()[:16]
        self.negative = Multiples((P - point[0], point[1], 1, P - point[3]))

    def verifies(self, signature, message):
        """Say whether a signature is right: [s]B = R + [h]A (5.1.7)."""
        r, s = signature[:32], int.from_bytes(signature[32:], "little")
        if len(signature) != 64 or s >= L:
            return False
        h = int.from_bytes(hashlib.sha512(r + self.data + message).digest(), "little") % L
        return encode_point(add(BASE.times(s), self.negative.times(h))) == r


# --- what is said, in both languages -----------------------------------------------------------------

# word | 中文 | English; the first part are the faults
WORDS = """
no_header | 第一行不是督办审计导出的文件头 | the first line is not the header of an audit export
bad_header | 文件头内容不符合格式 | the header does not have the form it must have
two_headers | 出现第二个文件头 | there is a second header
not_utf8 | 不是有效的 UTF-8 文本 | this is not valid UTF-8
too_long | 这一行过长 | the line is too long
cut_line | 最后一行不完整 | the last line is not whole
not_json | 不是可以读取的 JSON | this is not JSON that can be read
not_canonical | 不是导出程序写成的样子（顺序、空格或数字被改写） | not as the export writes it (order, spaces or numbers were rewritten)
bad_shape | 字段或数值不符合格式 | its fields or values do not have the form they must have
out_of_order | 这一行不在应在的位置 | the line is not in its place
foreign_chain | 文件头没有列出这条链 | the header does not list this chain
after_trailer | 文件尾之后还有内容 | there is something after the trailer
no_trailer | 没有文件尾，文件被截断 | there is no trailer: the file was cut off
trailer_counts | 文件尾的条数与内容不符 | the numbers in the trailer are not those of the lines
trailer_hash | 文件尾的 SHA-256 与内容不符 | the SHA-256 in the trailer is not that of the lines before it
missing | 此前缺少记录 | entries are missing before this one
repeated | 序号重复或倒退 | its number was there already
detached | 没有接在上一条之后 | it does not follow the entry before it
algorithm | 哈希算法未知 | the hash algorithm is unknown
altered | 内容与哈希不符 | its content does not match its hash
no_opening | 链的第一条不是开链记录 | the chain does not begin with its opening
cut_start | 没有限定起始日期，链却不是从第 0 条开始 | no first day was asked for, yet the chain does not begin at entry 0
cut_end | 链在到达文件头所列的末条之前结束 | the chain ends before the last entry that the header lists
foreign_key | 检查点不是用文件头所列的密钥签的 | the checkpoint was signed by a key that the header does not list
retired_key | 检查点由已停用的密钥签署，时间在停用之后 | the checkpoint was signed by a retired key, after its retirement
bad_signature | 检查点的签名无效 | the signature of the checkpoint is wrong
checkpoint_differs | 记录与检查点所签的不符 | the entry is not the one that the checkpoint signed
checkpoint_without_entry | 检查点所签的记录不在文件里 | the entry that the checkpoint signed is not in the file
anchor_unreadable | 这一行锚点无法读取 | this line of anchors cannot be read
anchor_differs | 记录与锚点不符 | the entry is not the one that the anchor names
anchor_without_entry | 锚点所记的记录不在文件里，而文件导出得更晚 | the entry that the anchor names is not in the file, though the file is younger
anchor_without_chain | 锚点所记的链不在文件里 | the chain that the anchor names is not in the file
anchor_without_checkpoint | 锚点是某个检查点的副本，而这个检查点不在文件里 | the anchor is a copy of a checkpoint, and that checkpoint is not in the file
anchor_key | 锚点的密钥不是文件所列的密钥 | the anchor's key is none of the keys of the file
wrong_key | 给出的密钥指纹 {0} 不是文件所用的密钥 | the key {0} that was given is none of those the file uses
pdf_unknown | 没有任何文书是以这份文件的内容签发的：内容被改动、不是原件，或不在导出的范围内 | no document was issued as these bytes: altered, not the original, or not within this export
pdf_other | 这份文件是 {0}，不是 {1} | this file is {0}, not {1}
pdf_twice | {0} 有两次签发记录，内容不同 | {0} was issued twice, with different contents
pdf_void | {0} 已作废 | {0} is void
pdf_superseded | {0} 已被替代，不再有效 | {0} was superseded and is no longer in force
entry_payload | 文书记录的内容无法读取 | the content of this entry about a document cannot be read
cannot_open | 打不开 {0}：{1} | cannot open {0}: {1}
bad_key | 密钥指纹应为 16 位（或完整公钥 64 位）十六进制数字 | a key is given as 16 hexadecimal digits, or as the whole public key of 64
bad_foot | 页脚应写成“1/204 3f2a 77b0 9c1d 0e44 5a61” | a foot is given as “1/204 3f2a 77b0 9c1d 0e44 5a61”
line | 第 {0} 行 | line {0}
record | 记录 {0}/{1} | entry {0}/{1}
whole_file | 整个文件 | the whole file
header_says | 文件自称于 {0} 导出，范围：{1} 至 {2}，{3}。请核对这是不是当初索取的内容。 | The file says it was exported at {0}, days {1} to {2}, {3}. Compare this with what was asked for.
beginning | 最初 | the beginning
end | 导出时 | the time of export
all_centres | 所有中心 | all centres
some_centres | 仅限中心 {0} | of centres {0} only
key_is | 文件所用公钥的指纹：{0} | The key of the file has the fingerprint: {0}
key_retired | （已于 {0} 停用） | (retired at {0})
key_compared | 已与另处得来的指纹核对，一致。 | Compared with what came from elsewhere: the same.
key_not_compared | 警告：这个指纹没有与文件以外的来源核对。请与打印文书页脚“审计检查点”一行末尾的“密钥”比较，或用 --key 给出；不一致即为伪造。 | WARNING: this fingerprint was not compared with anything outside the file. Compare it with 密钥 at the end of the line 审计检查点 at the foot of a printed paper, or give it with --key; if they differ the file is forged.
chain | 链 {0} {1}：记录 {2} 至 {3}，共 {4} 条 | Chain {0} {1}: entries {2} to {3}, {4} in all
chain_begins | 文件从记录 {0} 开始，此前的记录未核对。 | The file begins at entry {0}; what came before was not checked.
vouched | 检查点证明到记录 {0}；锚点证明到记录 {1}。 | Checkpoints vouch for it up to entry {0}; anchors up to entry {1}.
unvouched | 记录 {0} 至 {1} 没有任何检查点或锚点证明。 | No checkpoint and no anchor vouches for entries {0} to {1}.
nothing | 无 | none
no_anchors | 没有给出锚点：掌握签名密钥的人仍可能改写全部内容。请索取另一台机器上的 checkpoints.jsonl，或录入打印文书的页脚（--foot）。 | No anchors were given: whoever holds the signing key could have rewritten everything. Ask for checkpoints.jsonl from another machine, or type in feet of printed papers (--foot).
anchors | 锚点 {0} 个与文件一致，{1} 个不在文件的范围内（更早、更晚或属于没有索取的中心）。 | {0} anchors agree with the file; {1} lie outside it (earlier, later, or of a centre that was not asked for).
counted | 共 {0} 条记录、{1} 个检查点。 | {0} entries and {1} checkpoints in all.
pdf_good | {0}：是 {1}，记录 {2}，内容与签发时一致，导出时仍有效。 | {0}: is {1}, entry {2}, byte for byte as issued, in force when the file was exported.
pdf_unvouched | 注意：它的签发记录没有检查点或锚点证明。 | Note: no checkpoint and no anchor vouches for the entry of its issue.
faults | 发现问题： | Found:
more_faults | …… 另有 {0} 处 | … and {0} more
good | 结论：没有发现问题。 | Result: nothing wrong was found.
bad | 结论：有问题，以上所列各处请立即核查。第一处：{0} | Result: not good. Look into each of the places above at once. The first: {0}
could_not | 结论：无法核对。 | Result: the check could not be made.
"""
WORDS = {word: said for word, *said in (line.split(" | ") for line in WORDS.strip().splitlines())}
SHOWN = 20  # faults that are written out
KEPT = 10000  # faults that are remembered: a file that is nothing but faults must not fill the memory
FAR = 2**62  # the place of what has no line


class CannotCheck(Exception):
    """What was asked cannot be done: a file that cannot be opened, a key that is none."""

    def __init__(self, word, *values):
        super().__init__(word, *values)
        self.word, self.values = word, values


# --- lines -------------------------------------------------------------------------------------------

LONGEST = 16 * 1024 * 1024
FIELDS = [
    *("centre_id", "seq", "at_us", "actor_id", "actor_name", "role", "session_id", "address", "route"),
    *("request_id", "action", "result", "subject_type", "subject_id", "subject_name"),
]
NUMBERS = {"centre_id", "seq", "at_us", "actor_id", "session_id", "subject_id"}
MAY_BE_NULL = {"actor_id", "role", "session_id", "subject_type", "subject_id"}
HASH = re.compile("[0-9a-f]{64}")
OFFICE = timezone(timedelta(hours=8))


def is_number(value):
    return type(value) is int and 0 <= value < 2**62


def is_hash(value):
    return type(value) is str and HASH.fullmatch(value) is not None


def is_entry(entry):
    if set(entry) != {*FIELDS, "payload", "algorithm", "previous", "hash"}:
        return False
    for name, value in entry.items():
        if value is None and name in MAY_BE_NULL:
            continue
        if not (is_number(value) if name in NUMBERS else type(value) is str):
            return False
    return is_hash(entry["hash"]) and is_hash(entry["previous"])


def is_checkpoint(found):
    return (
        set(found) == {"centre_id", "seq", "hash", "at_us", "key_id", "signature"}
        and all(is_number(found[name]) for name in ("centre_id", "seq", "at_us"))
        and is_hash(found["hash"])
        and all(type(found[name]) is str for name in ("key_id", "signature"))
    )


def is_trailer(found):
    return (
        set(found) == {"entries", "checkpoints", "sha256"}
        and is_number(found["entries"])
        and is_number(found["checkpoints"])
        and is_hash(found["sha256"])
    )


def is_header(found):
    chains, retired = found.get("chains"), found.get("retired_keys")
    return (
        (found.get("format"), found.get("version")) == ("duban-audit-export", 1)
        and (found.get("chain_domain"), found.get("algorithm")) == ("duban.audit", "sha256-v1")
        and found.get("checkpoint_domain") == "duban.audit.checkpoint"
        and found.get("hashed_fields") == FIELDS
        and all(type(found.get(name)) is str for name in ("exported_at", "public_key", "key_id"))
        and all(type(found.get(name)) in (str, type(None)) for name in ("since", "until"))
        and read_time(found["exported_at"]) is not None
        and (found.get("centres") is None or is_list(found["centres"], is_number))
        and is_list(retired, lambda each: type(each) is dict and is_number(each.get("until_us")))
        and is_list(chains, is_chain)
        and len({each["centre_id"] for each in chains}) == len(chains)
    )


def is_list(value, is_item):
    return type(value) is list and all(is_item(each) for each in value)


def is_chain(each):
    return (
        type(each) is dict
        and all(is_number(each.get(name)) for name in ("centre_id", "first_seq", "last_seq"))
        and type(each.get("centre")) is str
        and each["first_seq"] <= each["last_seq"]
    )


SHAPES = {"header": is_header, "entry": is_entry, "checkpoint": is_checkpoint, "trailer": is_trailer}


def read_time(text):
    """Return a time as microseconds since 1970, None if it is none."""
    try:
        at = datetime.fromisoformat(text)
        return int(at.timestamp()) * 1000000 + at.microsecond
    except (ValueError, OverflowError, OSError):
        return None


def write_time(at_us):
    try:
        return datetime.fromtimestamp(at_us // 1000000, OFFICE).strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return str(at_us)


def whole_number(digits):
    # A number of a million digits would keep the computer busy for hours.
    if len(digits) > 20:
        raise ValueError("too large")
    return int(digits)


def read_line(data):
    """Return (kind, content, None) of a line, or (None, None, what is wrong with it)."""
    if len(data) > LONGEST:
        return None, None, "too_long"
    if not data.endswith(b"\n"):
        return None, None, "cut_line"
    try:
        text = data[:-1].decode("utf-8")
    except UnicodeDecodeError:
        return None, None, "not_utf8"
    try:
        value = json.loads(text, parse_int=whole_number)
        same = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")) == text
    except (ValueError, RecursionError):
        return None, None, "not_json"
    if not same:
        return None, None, "not_canonical"
    kind = next(iter(value)) if type(value) is dict and len(value) == 1 else None
    if kind not in SHAPES or type(value[kind]) is not dict or not SHAPES[kind](value[kind]):
        return None, None, "bad_shape"
    return kind, value[kind], None


def lines_of(path):
    """Yield (number, bytes) of every line; of one that is too long only its beginning."""
    with open(path, "rb") as file:
        number = 0
        while True:
            data = file.readline(LONGEST + 1)
            if not data:
                return
            number += 1
            yield number, data


def part(value):
    if value is None:
        return b"-:"
    data = str(value).encode("utf-8", "surrogatepass")
    return b"%d:%s" % (len(data), data)


def entry_hash(entry):
    """Return the hash that an entry must carry."""
    payload = hashlib.sha256(entry["payload"].encode("utf-8", "surrogatepass")).hexdigest()
    values = [
        "duban.audit",
        entry["algorithm"],
        *(entry[name] for name in FIELDS),
        entry["previous"],
        payload,
    ]
    return hashlib.sha256(b"".join(map(part, values))).hexdigest()


# --- the check ---------------------------------------------------------------------------------------


class Chain:
    """What is known of one chain while its entries go by."""

    def __init__(self, listed):
        self.centre_id, self.name = listed["centre_id"], listed["centre"]
        self.first, self.listed_last = listed["first_seq"], listed["last_seq"]
        self.next, self.previous = self.first, None
        self.entries = 0
        self.broken = False
        self.signed = self.anchored = None  # the last entry that a checkpoint, an anchor vouches for


class Witness:
    """What a checkpoint or an anchor says of an entry; `hash` may be only the beginning of one."""

    def __init__(self, entry_hash, place, at_us, anchor):
        self.hash, self.place, self.at_us, self.anchor = entry_hash, place, at_us, anchor


class Paper:
    """A PDF to be found in the log, under the number that its reader expects if he gave one."""

    def __init__(self, path, expected):
        self.path, self.expected = path, expected
        digest = hashlib.sha256()
        with open(path, "rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                digest.update(block)
        self.sha256 = digest.hexdigest()
        self.issue = None  # the entry of its issue
        self.fate = None  # a word, once it is no longer in force

    def has_number(self, number):
        return self.expected is None or plain(self.expected) == plain(number)


class Check:
    """One check of one file: `faults` holds what was found, as (place, word, values)."""

    def __init__(self, path):
        self.path = path
        self.faults = []
        self.header = None
        self.keys = {}  # name: (key, time of its retirement or None)
        self.compared = set()  # names of keys that something outside the file confirmed
        self.chains = {}
        self.witnesses = {}  # (centre, seq): witnesses
        self.entries = self.checkpoints = 0
        self.anchors = self.outside = 0
        self.papers = []

    def fault(self, place, word, *values):
        if len(self.faults) < KEPT:
            self.faults.append((place, word, values))

    # The first reading: header, trailer, the form of every line, checkpoints and their signatures.

    def read_file(self):
        """Read the whole file once; False if there is no header to go by."""
        lines = lines_of(self.path)
        _, first = next(lines, (0, b""))
        kind, header, _ = read_line(first)
        if kind != "header" or not self.read_keys(header):
            self.fault((("line", 1),), "bad_header" if first.startswith(b'{"header":') else "no_header")
            return False
        digest, place = hashlib.sha256(first), (0, 0)
        for number, data in lines:
            here = (("line", number),)
            kind, content, problem = read_line(data)
            if kind == "trailer":
                self.check_trailer(content, digest.hexdigest(), here)
                if next(lines, None):
                    self.fault((("line", number + 1),), "after_trailer")
                return True
            if problem or kind == "header":
                self.fault(here, problem or "two_headers")
            else:
                place = self.sort_in(kind, content, here, place)
            digest.update(data)
        self.fault((), "no_trailer")
        return True

    def check_trailer(self, trailer, sha256, here):
        if (trailer["entries"], trailer["checkpoints"]) != (self.entries, self.checkpoints):
            self.fault(here, "trailer_counts")
        if trailer["sha256"] != sha256:
            self.fault(here, "trailer_hash")

    def read_keys(self, header):
        self.header = header
        self.chains = {each["centre_id"]: Chain(each) for each in header["chains"]}
        self.order = {centre_id: place for place, centre_id in enumerate(self.chains)}
        try:
            for each in [dict(header, until_us=None), *header["retired_keys"]]:
                key = PublicKey(bytes.fromhex(each["public_key"]))
                if key.name != each["key_id"]:
                    return False
                self.keys[key.name] = (key, each["until_us"])
        except (ValueError, KeyError, TypeError):
            return False
        return True

    def sort_in(self, kind, content, here, place):
        """Count a line and judge its place: chain after chain, the entries before the checkpoints."""
        key = (content["centre_id"], content["seq"])
        if kind == "entry":
            self.entries += 1
        else:
            self.checkpoints += 1
            problem = self.signature_problem(content)
            if problem:
                self.fault((*here, ("record", *key)), problem)
            else:
                self.add_witness(key, Witness(content["hash"], here, content["at_us"], anchor=False))
        if key[0] not in self.chains:
            self.fault((*here, ("record", *key)), "foreign_chain")
            return place
        now = (self.order[key[0]], kind == "checkpoint")
        if now < place:
            self.fault((*here, ("record", *key)), "out_of_order")
        return max(now, place)

    def add_witness(self, key, witness):
        self.witnesses.setdefault(key, []).append(witness)

    def signature_problem(self, found):
        key, until_us = self.keys.get(found["key_id"], (None, None))
        if key is None:
            return "foreign_key"
        text = '["duban.audit.checkpoint",%d,%d,"%s",%d]' % (
            found["centre_id"],
            found["seq"],
            found["hash"],
            found["at_us"],
        )
        try:
            right = key.verifies(bytes.fromhex(found["signature"]), text.encode())
        except ValueError:
            right = False
        if not right:
            return "bad_signature"
        return "retired_key" if until_us is not None and found["at_us"] > until_us else None

    # What came from elsewhere.

    def read_anchors(self, path):
        """Take a copy of checkpoints.jsonl, or a text file with one printed foot on each line."""
        for number, data in lines_of(path):
            here = ((None, path), ("line", number))
            text = data.decode("utf-8", "replace").strip()
            if not text or text.startswith("#"):
                continue
            if text.startswith("{"):
                self.add_anchor(text, here)
            elif not self.add_foot(text, here):
                self.fault(here, "anchor_unreadable")

    def add_anchor(self, text, here):
        try:
            anchor = json.loads(text, parse_int=whole_number)
        except (ValueError, RecursionError):
            anchor = None
        if type(anchor) is not dict or not is_checkpoint(anchor):
            self.fault(here, "anchor_unreadable")
            return
        key = (anchor["centre_id"], anchor["seq"])
        problem = self.signature_problem(anchor)
        if problem:
            self.fault((*here, ("record", *key)), "anchor_key" if problem == "foreign_key" else problem)
        else:
            self.compared.add(anchor["key_id"])
            self.add_witness(key, Witness(anchor["hash"], here, anchor["at_us"], anchor=True))

    def add_foot(self, text, here):
        """Take a foot as it was typed in; False if it cannot be read."""
        text = unicodedata.normalize("NFKC", text).lower()
        found = re.search(r"(\d{1,18})/(\d{1,18})\W*((?:[0-9a-f]{4}(?!-) *){5,16})(?![0-9a-f])", text)
        if not found:
            return False
        time = re.search(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d)", text[found.end() :])
        at_us = read_time("%s %s+08:00" % time.groups()) if time else None
        named = re.search(r"(?:密钥|key)\W*((?:[0-9a-f]{4} *){4})", text)
        key = (int(found[1]), int(found[2]))
        if named:
            self.compare_key(re.sub(" ", "", named[1]), (*here, ("record", *key)), "anchor_key")
        self.add_witness(key, Witness(re.sub(" ", "", found[3]), here, at_us, anchor=True))
        return True

    def compare_key(self, given, here, word):
        for name, (key, _) in self.keys.items():
            if given in (name, key.data.hex()):
                self.compared.add(name)
                return
        self.fault(here, word, given)

    # The second reading: every entry, its hash, its place in the chain, its witnesses.

    def walk(self):
        wanted = {}
        for paper in self.papers:
            wanted.setdefault(paper.sha256, []).append(paper)
        for number, data in lines_of(self.path):
            if not data.startswith(b'{"entry":'):
                continue
            kind, entry, problem = read_line(data)
            chain = None if problem or kind != "entry" else self.chains.get(entry["centre_id"])
            if chain is None:
                continue
            here = (("line", number), ("record", entry["centre_id"], entry["seq"]))
            problem = self.link_problem(chain, entry)
            if problem:
                chain.broken = True
                self.fault(here, problem)
            chain.next, chain.previous = entry["seq"] + 1, entry["hash"]
            chain.entries += 1
            self.hear_witnesses(chain, entry, here)
            if self.papers and entry["subject_type"] == "document":
                self.follow_paper(wanted, entry, here)

    def link_problem(self, chain, entry):
        if entry["seq"] != chain.next:
            return "missing" if entry["seq"] > chain.next else "repeated"
        if entry["algorithm"] != "sha256-v1":
            return "algorithm"
        if entry_hash(entry) != entry["hash"]:
            return "altered"
        if entry["seq"] == 0 and entry["action"] != "chain.opened":
            return "no_opening"
        previous = "0" * 64 if entry["seq"] == 0 else chain.previous
        return "detached" if previous is not None and entry["previous"] != previous else None

    def hear_witnesses(self, chain, entry, here):
        heard = self.witnesses.pop((chain.centre_id, entry["seq"]), ())
        for each in heard:
            if not entry["hash"].startswith(each.hash):
                chain.broken = True
                self.fault((*here, *each.place), "anchor_differs" if each.anchor else "checkpoint_differs")
            elif each.anchor:
                self.anchors += 1
                chain.anchored = chain.anchored if chain.broken else entry["seq"]
                if all(other.anchor for other in heard):
                    self.fault((*here, *each.place), "anchor_without_checkpoint")
            else:
                chain.signed = chain.signed if chain.broken else entry["seq"]

    def follow_paper(self, wanted, entry, here):
        """Note what an entry about a document means for the papers that were given."""
        if entry["action"] not in ("document.issued", "document.voided", "document.superseded"):
            return
        try:
            changes = json.loads(entry["payload"], parse_int=whole_number)["changes"]
            issued = entry["action"] == "document.issued"
            if entry["action"] == "document.superseded" and "status" not in changes:
                return  # a void paper that names its successor stays void
            value = changes["sha256"][1] if issued else changes["status"][1]
        except (ValueError, KeyError, TypeError, IndexError, RecursionError):
            self.fault(here, "entry_payload")
            return
        if issued and type(value) is str:
            for paper in wanted.get(value, ()):
                paper.issue = paper.issue or entry
        for paper in self.papers:
            if paper.issue and paper.issue["subject_id"] == entry["subject_id"]:
                if not issued:
                    paper.fate = "pdf_superseded" if value == "superseded" else "pdf_void"
                elif value != paper.sha256:
                    paper.fate = "pdf_twice"

    # What is left when the last line has gone by.

    def finish(self):
        for chain in self.chains.values():
            if chain.first and not self.header["since"]:
                self.fault((("record", chain.centre_id, chain.first),), "cut_start")
            if chain.next <= chain.listed_last:
                self.fault((("record", chain.centre_id, chain.next),), "cut_end")
        for key, left in sorted(self.witnesses.items()):
            for each in left:
                word = self.absence(key, each)
                if word:
                    self.fault((*each.place, ("record", *key)), word)
                else:
                    self.outside += 1
        for paper in self.papers:
            self.judge_paper(paper)
        self.faults.sort(key=lambda fault: next((each[1] for each in fault[0][:1] if each[0] == "line"), FAR))

    def judge_paper(self, paper):
        here, number = ((None, paper.path),), paper.issue and paper.issue["subject_name"]
        if paper.issue is None:
            self.fault(here, "pdf_unknown")
        elif not paper.has_number(number):
            self.fault(here, "pdf_other", number, paper.expected)
        elif paper.fate:
            self.fault(here, paper.fate, number)

    def absence(self, key, witness):
        """Return what it means that the file lacks the entry of a witness; None where that is no wonder."""
        chain = self.chains.get(key[0])
        if not witness.anchor:
            return "checkpoint_without_entry"
        later = witness.at_us is not None and witness.at_us > read_time(self.header["exported_at"])
        if chain is None:
            asked, days = self.header["centres"], self.header["since"] or self.header["until"]
            told = (asked is not None and key[0] not in asked) or days
            return None if told or later else "anchor_without_chain"
        if key[1] < chain.first:
            return None if self.header["since"] else "anchor_without_entry"
        return (
            None if later or (self.header["until"] and key[1] > chain.listed_last) else "anchor_without_entry"
        )


def plain(number):
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", number)).translate(
        str.maketrans("[]()", "〔〕〔〕")
    )


def harmless(value):
    """Return what a file says without anything that could draw over the screen."""
    return "".join(char if char.isprintable() else "\ufffd" for char in str(value)[:200])


# --- saying it ---------------------------------------------------------------------------------------


class Speaker:
    """Says what was found in one language."""

    def __init__(self, lang):
        self.column = ("zh", "en").index(lang)

    def word(self, word, *values):
        return WORDS[word][self.column].format(*map(harmless, values))

    def say(self, word, *values):
        print(self.word(word, *values))

    def detail(self, word, *values):
        print("  " + self.word(word, *values))

    def fault(self, place, word, values):
        where = [harmless(at) if name is None else self.word(name, at, *rest) for name, at, *rest in place]
        comma, colon = ("，", "：") if self.column == 0 else (", ", ": ")
        return (comma.join(where) or self.word("whole_file")) + colon + self.word(word, *values)

    def report(self, check):
        header = check.header
        if check.chains:
            self.tell_header(check, header)
            for chain in check.chains.values():
                self.tell_chain(chain)
            self.say("counted", f"{check.entries:,}", f"{check.checkpoints:,}")
            self.tell_witnesses(check)
        for paper in check.papers:
            self.tell_paper(check, paper)
        if not check.faults:
            self.say("good")
            return
        print()
        self.say("faults")
        for fault in check.faults[:SHOWN]:
            print("  ✗ " + self.fault(*fault))
        if len(check.faults) > SHOWN:
            self.say("more_faults", len(check.faults) - SHOWN)
        self.say("bad", self.fault(*check.faults[0]))

    def tell_header(self, check, header):
        centres = header["centres"]
        self.say(
            "header_says",
            write_time(read_time(header["exported_at"])),
            header["since"] or self.word("beginning"),
            header["until"] or self.word("end"),
            self.word("all_centres")
            if centres is None
            else self.word("some_centres", ", ".join(map(str, centres))),
        )
        for name, (_, until_us) in check.keys.items():
            retired = self.word("key_retired", write_time(until_us)) if until_us is not None else ""
            self.say("key_is", " ".join(name[at : at + 4] for at in range(0, 16, 4)) + retired)
            self.detail("key_compared" if name in check.compared else "key_not_compared")

    def tell_chain(self, chain):
        last = chain.next - 1
        self.say("chain", chain.centre_id, chain.name, chain.first, last, f"{chain.entries:,}")
        if chain.first:
            self.detail("chain_begins", chain.first)
        nothing = self.word("nothing")
        self.detail("vouched", *(nothing if seq is None else seq for seq in (chain.signed, chain.anchored)))
        vouched = max(seq for seq in (chain.signed, chain.anchored, chain.first - 1) if seq is not None)
        if vouched < last:
            self.detail("unvouched", vouched + 1, last)

    def tell_witnesses(self, check):
        if check.anchors or check.outside:
            self.say("anchors", check.anchors, check.outside)
        else:
            self.say("no_anchors")

    def tell_paper(self, check, paper):
        entry = paper.issue
        if entry is None or paper.fate or not paper.has_number(entry["subject_name"]):
            return
        place = "%d/%d" % (entry["centre_id"], entry["seq"])
        self.say("pdf_good", paper.path, entry["subject_name"], place)
        chain = check.chains[entry["centre_id"]]
        if entry["seq"] > max(-1 if seq is None else seq for seq in (chain.signed, chain.anchored)):
            self.detail("pdf_unvouched")


def arguments(given):
    parser = argparse.ArgumentParser(
        description="核对督办系统导出的审计日志 Check an exported audit log of Duban",
        epilog="退出码 exit code: 0 未发现问题 nothing wrong, 1 有问题 something is, 2 无法核对 could not be checked",
    )
    parser.add_argument("file", help="导出的文件 the exported file")
    parser.add_argument(
        "--key", action="append", default=[], help="另处得来的密钥指纹 fingerprint of the key, from elsewhere"
    )
    parser.add_argument(
        "--anchors",
        action="append",
        default=[],
        metavar="FILE",
        help="checkpoints.jsonl 的副本，或每行一个页脚的文本 a copy of checkpoints.jsonl, or printed feet, one a line",
    )
    parser.add_argument(
        "--foot",
        action="append",
        default=[],
        help="打印文书的页脚 foot of a printed paper: '1/204 3f2a 77b0 9c1d 0e44 5a61'",
    )
    parser.add_argument(
        "--pdf",
        action="append",
        default=[],
        metavar="FILE[=NUMBER]",
        help="要核对的文书，可附文号 a PDF, with the number it should have",
    )
    parser.add_argument("--lang", choices=["zh", "en"], default="zh", help="语言 language")
    return parser.parse_args(given)


def open_papers(given):
    papers = []
    for text in given:
        try:
            papers.append(Paper(text, None))
        except OSError:
            path, _, number = text.rpartition("=")
            if not path:
                raise
            papers.append(Paper(path, number))
    return papers


def check_file(options):
    """Return the finished check. Raise CannotCheck."""
    check = Check(options.file)
    try:
        check.papers = open_papers(options.pdf)
        if not check.read_file():
            return check
        for given in options.key:
            digits = re.sub(r"[\s:-]", "", unicodedata.normalize("NFKC", given)).lower()
            if not re.fullmatch("[0-9a-f]{16}|[0-9a-f]{64}", digits):
                raise CannotCheck("bad_key")
            check.compare_key(digits, (), "wrong_key")
        for path in options.anchors:
            check.read_anchors(path)
        for text in options.foot:
            if not check.add_foot(text, ((None, text),)):
                raise CannotCheck("bad_foot")
        check.walk()
    except OSError as error:
        raise CannotCheck("cannot_open", error.filename, error.strerror) from None
    check.finish()
    return check


def main(given=None):
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a console of another code page
    options = arguments(given)
    speaker = Speaker(options.lang)
    try:
        check = check_file(options)
    except CannotCheck as error:
        speaker.say(error.word, *error.values)
        speaker.say("could_not")
        return 2
    speaker.report(check)
    return 1 if check.faults else 0


if __name__ == "__main__":
    sys.exit(main())
