/* A migration between two registered clusters, as it is planned: POST /migrations. It
 * is written down first and started later, any number of times. */
#pragma once

#include "model/job.h"
#include "model/request.h"

G_BEGIN_DECLS

typedef enum
{
  PGM_MODE_CLONE_ONLY,
  PGM_MODE_CLONE_AND_FOLLOW,
  PGM_MODE_CLONE_FOLLOW_SWITCHOVER, /* cuts over by itself once it has caught up */
} PgmMigrationMode;

extern const char *const pgm_migration_mode_names[];

typedef struct
{
  PgmRecord record;
  char *id; /* of the migration and its job; given when NULL */
  char *name;
  char *source_cluster_id;
  char *dest_cluster_id;
  char *source_node_id; /* NULL: the primary, else the first */
  char *dest_node_id;
  char *source_dbname; /* NULL: what the node says */
  char *dest_dbname;
  int mode;          /* PgmMigrationMode */
  gboolean fallback; /* keep a way back after the cutover */
  char *slot_name;
  char *publication;
  gint64 copy_workers;
  gint64 index_workers;
  guint64 split_bytes;
  GStrv include;
  GStrv exclude;
  int fence; /* PgmFence, for the cutover */
} PgmMigrationBody;

extern const PgmRecordType pgm_migration_body_type;

G_END_DECLS
