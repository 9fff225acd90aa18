"""The audit log: entries, heads, checkpoints, and what keeps them append-only on both databases."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_2100"
down_revision = None
branch_labels = None
depends_on = None

SQLITE = (
    """CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries
       BEGIN SELECT RAISE(ABORT, 'audit_entries is append-only'); END""",
    """CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries
       BEGIN SELECT RAISE(ABORT, 'audit_entries is append-only'); END""",
    # An entry may only follow the head of its chain; the first one opens the chain.
    """CREATE TRIGGER audit_entries_follow BEFORE INSERT ON audit_entries
       WHEN NOT (EXISTS (SELECT 1 FROM audit_heads h WHERE h.centre_id = NEW.centre_id
                         AND h.seq + 1 = NEW.seq AND h.hash = NEW.previous)
                 OR (NEW.seq = 0 AND NOT EXISTS
                     (SELECT 1 FROM audit_heads h WHERE h.centre_id = NEW.centre_id)))
       BEGIN SELECT RAISE(ABORT, 'an audit entry must follow the head of its chain'); END""",
    """CREATE TRIGGER audit_entries_move_head AFTER INSERT ON audit_entries BEGIN
         INSERT INTO audit_heads (centre_id, seq, hash) SELECT NEW.centre_id, NEW.seq, NEW.hash
           WHERE NEW.seq = 0;
         UPDATE audit_heads SET seq = NEW.seq, hash = NEW.hash
           WHERE centre_id = NEW.centre_id AND NEW.seq > 0;
       END""",
    """CREATE TRIGGER audit_heads_open BEFORE INSERT ON audit_heads
       WHEN NEW.seq <> 0 OR NOT EXISTS
         (SELECT 1 FROM audit_entries e
          WHERE e.centre_id = NEW.centre_id AND e.seq = 0 AND e.hash = NEW.hash)
       BEGIN SELECT RAISE(ABORT, 'audit_heads follows audit_entries'); END""",
    """CREATE TRIGGER audit_heads_no_delete BEFORE DELETE ON audit_heads
       BEGIN SELECT RAISE(ABORT, 'audit_heads follows audit_entries'); END""",
    """CREATE TRIGGER audit_heads_follow BEFORE UPDATE ON audit_heads
       WHEN NEW.seq <> OLD.seq + 1 OR NEW.centre_id <> OLD.centre_id OR NOT EXISTS
         (SELECT 1 FROM audit_entries e
          WHERE e.centre_id = NEW.centre_id AND e.seq = NEW.seq AND e.hash = NEW.hash)
       BEGIN SELECT RAISE(ABORT, 'audit_heads follows audit_entries'); END""",
    """CREATE TRIGGER audit_checkpoints_no_update BEFORE UPDATE ON audit_checkpoints
       BEGIN SELECT RAISE(ABORT, 'audit_checkpoints is append-only'); END""",
    """CREATE TRIGGER audit_checkpoints_no_delete BEFORE DELETE ON audit_checkpoints
       BEGIN SELECT RAISE(ABORT, 'audit_checkpoints is append-only'); END""",
)

POSTGRESQL = (
    """CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$""",
    """CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
       FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()""",
    "ALTER TABLE audit_entries ENABLE ALWAYS TRIGGER audit_entries_append_only",
    """CREATE TRIGGER audit_heads_append_only BEFORE DELETE OR TRUNCATE ON audit_heads
       FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()""",
    "ALTER TABLE audit_heads ENABLE ALWAYS TRIGGER audit_heads_append_only",
    """CREATE TRIGGER audit_checkpoints_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_checkpoints
       FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()""",
    "ALTER TABLE audit_checkpoints ENABLE ALWAYS TRIGGER audit_checkpoints_append_only",
    # The same bytes as app.audit.chain: length, colon, content; `-:` for nothing.
    """CREATE FUNCTION audit_part(value text) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE
       SET search_path = pg_catalog AS $$
         SELECT CASE WHEN value IS NULL THEN convert_to('-:', 'UTF8')
                ELSE convert_to(octet_length(convert_to(value, 'UTF8'))::text || ':', 'UTF8')
                     || convert_to(value, 'UTF8') END $$""",
    # The application's only way to write the log: it locks the head as late as possible, in one round trip.
    # The first of the given entries opens the chain and is passed over where the chain is open already.
    # pg_temp stands last, or a caller's temporary table named audit_heads would be written instead; what is
    # hashed is what is stored, after its conversion, or a caller's "007" would spoil the chain.
    """CREATE FUNCTION audit_append(chain integer, given text) RETURNS bigint LANGUAGE plpgsql
       SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
       DECLARE
         head audit_heads%ROWTYPE;
         entry json;
         part text;
         digest bytea;
       BEGIN
         SELECT * INTO head FROM audit_heads WHERE centre_id = chain FOR UPDATE;
         IF NOT FOUND THEN
           INSERT INTO audit_heads VALUES (chain, -1, repeat('0', 64)) ON CONFLICT DO NOTHING;
           SELECT * INTO head FROM audit_heads WHERE centre_id = chain FOR UPDATE;
         END IF;
         FOR entry IN SELECT value FROM json_array_elements(given::json) LOOP
           CONTINUE WHEN entry->>'action' = 'chain.opened' AND head.seq >= 0;
           IF head.seq < 0 AND entry->>'action' <> 'chain.opened' THEN
             RAISE EXCEPTION 'the chain % is not open', chain;
           END IF;
           IF (entry->>'centre_id')::integer IS DISTINCT FROM chain THEN
             RAISE EXCEPTION 'an entry of another chain';
           END IF;
           head.seq := head.seq + 1;
           digest := audit_part('duban.audit') || audit_part('sha256-v1');
           FOREACH part IN ARRAY ARRAY[
             chain::text, head.seq::text, (entry->>'at_us')::bigint::text, (entry->>'actor_id')::integer::text,
             entry->>'actor_name', entry->>'role', (entry->>'session_id')::bigint::text, entry->>'address',
             entry->>'route', entry->>'request_id', entry->>'action', entry->>'result',
             entry->>'subject_type', (entry->>'subject_id')::bigint::text, entry->>'subject_name'] LOOP
             digest := digest || audit_part(part);
           END LOOP;
           digest := digest || audit_part(head.hash)
                     || audit_part(encode(sha256(convert_to(entry->>'payload', 'UTF8')), 'hex'));
           INSERT INTO audit_entries VALUES (
             chain, head.seq, (entry->>'at_us')::bigint, (entry->>'actor_id')::integer, entry->>'actor_name',
             entry->>'role', (entry->>'session_id')::bigint, entry->>'address', entry->>'route',
             entry->>'request_id', entry->>'action', entry->>'result', entry->>'subject_type',
             (entry->>'subject_id')::bigint, entry->>'subject_name', entry->>'payload', 'sha256-v1',
             head.hash, encode(sha256(digest), 'hex'));
           head.hash := encode(sha256(digest), 'hex');
         END LOOP;
         UPDATE audit_heads SET seq = head.seq, hash = head.hash WHERE centre_id = chain;
         RETURN head.seq;
       END $$""",
    "REVOKE ALL ON FUNCTION audit_append(integer, text) FROM PUBLIC",
)


def upgrade() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("centre_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=True),
        sa.Column("session_id", sa.BigInteger(), nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("result", sa.String(length=16), nullable=False),
        sa.Column("subject_type", sa.String(length=40), nullable=True),
        sa.Column("subject_id", sa.BigInteger(), nullable=True),
        sa.Column("subject_name", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("algorithm", sa.String(length=16), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("centre_id", "seq", name="pk_audit_entries"),
    )
    op.create_index("ix_audit_entries_action", "audit_entries", ["action", "at_us"])
    op.create_index("ix_audit_entries_actor", "audit_entries", ["actor_id", "at_us"])
    op.create_index("ix_audit_entries_at", "audit_entries", ["at_us", "centre_id", "seq"])
    op.create_index("ix_audit_entries_subject", "audit_entries", ["subject_type", "subject_id", "at_us"])
    op.create_table(
        "audit_heads",
        sa.Column("centre_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("centre_id", name="pk_audit_heads"),
    )
    op.create_table(
        "audit_checkpoints",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("signature", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_checkpoints"),
    )
    op.create_index("ix_audit_checkpoints_place", "audit_checkpoints", ["centre_id", "seq"])
    for statement in POSTGRESQL if op.get_bind().dialect.name == "postgresql" else SQLITE:
        op.execute(sa.text(statement.replace(":", r"\:")))


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_append(integer, text)")
        op.execute("DROP FUNCTION audit_part(text)")
    for table in ("audit_checkpoints", "audit_heads", "audit_entries"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_refuse()")
