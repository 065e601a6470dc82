/* What a database holds, read from its catalogs in a few set-based queries.
 *
 * All reads happen in the caller's transaction, so that under an imported
 * snapshot the catalog is the one the copy sees. Everything extension-owned and
 * everything in pg_catalog, information_schema, pg_toast* and pg_temp* is left
 * out; the schema "pgmanager" (ours, on a destination) too.
 */
#pragma once

#include "postgres/connection.h"

G_BEGIN_DECLS

typedef struct
{
  char *name;
  guint32 type_oid;
  char *type_name; /* format_type() with its modifier */
  gboolean not_null;
  gboolean generated;   /* GENERATED … STORED/VIRTUAL: never copied */
  char identity;        /* 0, 'a' always, 'd' by default */
  gboolean binary_safe; /* the same bytes mean the same on every supported version */
} PgmColumn;

typedef struct
{
  guint32 oid;
  guint32 relfilenode; /* under the snapshot; 0 for partitioned tables */
  char *schema;
  char *name;
  char *owner;
  char kind;             /* pg_class.relkind: r p f m */
  char persistence;      /* p u t */
  char replica_identity; /* d n f i */
  gboolean is_partition;
  gboolean has_children; /* plain inheritance: read with ONLY */
  gboolean heap;         /* the heap access method: ctids are block and line */
  gboolean row_security;
  gboolean has_primary_key;
  gint64 pages;           /* pg_relation_size() of the main fork / block size, now */
  gint64 bytes;           /* of the main forks of table and TOAST table, now */
  gint64 rows_estimate;   /* -1: never analyzed */
  char *extension;        /* config table of this extension, else NULL */
  char *extension_filter; /* "WHERE …" of pg_extension_config_dump(): only these rows are
                           * user data; NULL: all of them */
  GPtrArray *columns;     /* PgmColumn, in attnum order, dropped ones left out */
  /* The best key to split or bisect by: first the primary key, then a unique
   * index over NOT NULL columns. Empty when there is none. */
  GPtrArray *key_columns;  /* char * */
  gboolean key_is_integer; /* one column of int2, int4 or int8 */
} PgmTable;

typedef struct
{
  guint32 oid;
  guint32 table_oid;
  char *schema; /* of the index */
  char *name;
  char *definition; /* pg_get_indexdef() */
  char *tablespace; /* NULL: the default */
  gboolean unique;
  gboolean valid;
  gboolean clustered; /* CLUSTER ON */
  gboolean replica_identity;
  gint64 bytes; /* as last counted by VACUUM, ANALYZE or CREATE INDEX */
  /* The constraint this index carries, or NULL. */
  char *constraint_name;
  char constraint_type;        /* p u x, or 0 */
  char *constraint_definition; /* pg_get_constraintdef() */
  gboolean deferrable;
  gboolean deferred;
  guint32 parent_oid; /* partitioned index it is attached to, or 0 */
} PgmIndex;

typedef struct
{
  guint32 oid;
  guint32 table_oid;
  guint32 referenced_oid;
  char *name;
  char *definition;
  gboolean validated;
  guint32 parent_oid; /* inherited from a partitioned table's constraint, or 0 */
} PgmForeignKey;

typedef struct
{
  guint32 oid;
  char *schema;
  char *name;
  gint64 last_value;
  gboolean is_called;
  char *extension; /* config sequence of this extension, else NULL */
} PgmSequence;

typedef struct
{
  GPtrArray *tables;         /* PgmTable: kinds r, p (and f, m for reports) */
  GPtrArray *indexes;        /* PgmIndex */
  GPtrArray *foreign_keys;   /* PgmForeignKey */
  GPtrArray *sequences;      /* PgmSequence */
  GHashTable *tables_by_oid; /* GUINT_TO_POINTER (oid) -> PgmTable, borrowed */
} PgmCatalog;

/* Sequence values are read last and as they are now: they are not
 * transactional. Reading them needs SELECT on every sequence, otherwise this
 * fails. Locks that it takes on the way are given back before it returns, also
 * inside a long transaction. */
PgmCatalog *pgm_catalog_read (PgmConnection *connection,
                              GCancellable *cancellable,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same without the values of sequences (last_value is 0), for checks that
 * come before privileges are known to suffice. */
PgmCatalog *pgm_catalog_read_structure (PgmConnection *connection,
                                        GCancellable *cancellable,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Reads the values of all of @self's sequences again. */
gboolean pgm_catalog_read_sequences (PgmCatalog *self,
                                     PgmConnection *connection,
                                     GCancellable *cancellable,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

void pgm_catalog_free (PgmCatalog *self);
PgmTable *pgm_catalog_find_table (PgmCatalog *self, const char *schema, const char *name);

/* Types whose binary form is safe to send between any two supported versions.
 * Never for OIDs >= 16384 (their OIDs may differ and travel inside arrays). */
gboolean pgm_type_is_binary_safe (guint32 type_oid);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmCatalog, pgm_catalog_free)

G_END_DECLS
