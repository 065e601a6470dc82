#include "model/plan.h"

#include "model/descriptor.h"

const char *const pgm_migration_mode_names[] = { "clone_only", "clone_and_follow",
                                                 "clone_follow_switchover", NULL };

static const PgmField migration_body_fields[] = {
  FIELD (PgmMigrationBody, id, STRING, 0),
  FIELD (PgmMigrationBody, name, STRING, 0),
  FIELD (PgmMigrationBody, source_cluster_id, STRING, REQUIRED),
  FIELD (PgmMigrationBody, dest_cluster_id, STRING, REQUIRED),
  FIELD (PgmMigrationBody, source_node_id, STRING, 0),
  FIELD (PgmMigrationBody, dest_node_id, STRING, 0),
  FIELD (PgmMigrationBody, source_dbname, STRING, 0),
  FIELD (PgmMigrationBody, dest_dbname, STRING, 0),
  FIELD_ENUM (PgmMigrationBody, mode, pgm_migration_mode_names, 0),
  FIELD (PgmMigrationBody, fallback, BOOL, 0),
  FIELD (PgmMigrationBody, slot_name, STRING, 0),
  FIELD (PgmMigrationBody, publication, STRING, 0),
  FIELD (PgmMigrationBody, copy_workers, INT64, 0),
  FIELD (PgmMigrationBody, index_workers, INT64, 0),
  FIELD (PgmMigrationBody, split_bytes, UINT64, 0),
  FIELD (PgmMigrationBody, include, STRV, OMIT_EMPTY),
  FIELD (PgmMigrationBody, exclude, STRV, OMIT_EMPTY),
  FIELD_ENUM (PgmMigrationBody, fence, pgm_fence_names, 0),
  FIELD_END,
};

const PgmRecordType pgm_migration_body_type = { "migration plan", sizeof (PgmMigrationBody),
                                                migration_body_fields };
