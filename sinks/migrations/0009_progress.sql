-- Why: whether something is missing or merely pending can be told only by how far the loading has come.

CREATE TABLE IF NOT EXISTS progress_log
(
    loaded_by String COMMENT 'table whose sink notes it',
    upstream_group String COMMENT 'consumer group that writes what the table loads',
    topic String COMMENT 'topic that the group reads',
    partition Int32 COMMENT 'partition of it',
    offset UInt64 COMMENT 'all that follows from records before this offset is loaded',
    noted_at DateTime64(6, 'UTC') COMMENT 'when it was noted; the newest stands'
)
ENGINE = ReplacingMergeTree(noted_at)
ORDER BY (loaded_by, upstream_group, topic, partition)
COMMENT 'Notes of progress; read progress.';

CREATE OR REPLACE VIEW progress
(
    loaded_by String COMMENT 'table whose sink notes it',
    upstream_group String COMMENT 'consumer group that writes what the table loads',
    topic String COMMENT 'topic that the group reads',
    partition Int32 COMMENT 'partition of it',
    offset UInt64 COMMENT 'all that follows from records before this offset is loaded',
    noted_at DateTime64(6, 'UTC') COMMENT 'when it was noted; the newest stands'
)
AS SELECT
    loaded_by, upstream_group, topic, partition, offset, noted_at
FROM progress_log FINAL
COMMENT 'How far upstream groups had committed when a sink had loaded everything that they wrote: pending means beyond that.';
