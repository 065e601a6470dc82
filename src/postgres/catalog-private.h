/* What the files of the catalog reader share; nobody else includes this. */
#pragma once

#include "postgres/catalog.h"

G_BEGIN_DECLS

/* Conditions in SQL on pg_namespace n and pg_class c. */
#define PGM_SQL_USER_NAMESPACE                                                                     \
  " left(n.nspname, 3) <> 'pg_' AND n.nspname NOT IN ('information_schema', 'pgmanager') "

#define PGM_SQL_EXTENSION_MEMBER(oid)                                                              \
  " EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_catalog.pg_class'::regclass"             \
  " AND e.objid = " oid " AND e.objsubid = 0 AND e.deptype = 'e') "

/* A member of an extension counts only when pg_extension_config_dump() said that
 * its rows are user data; xc is then that extension. */
#define PGM_SQL_JOIN_EXTENSION_CONFIG                                                              \
  " LEFT JOIN (SELECT k.oid, x.extname, x.extcondition[k.n] AS condition FROM pg_extension x,"     \
  "   unnest(x.extconfig) WITH ORDINALITY k(oid, n)) xc ON xc.oid = c.oid "

#define PGM_SQL_USER_RELATION                                                                      \
  PGM_SQL_USER_NAMESPACE                                                                           \
  " AND (xc.extname IS NOT NULL OR NOT" PGM_SQL_EXTENSION_MEMBER ("c.oid") ") "

gboolean pgm_catalog_read_tables (PgmCatalog *self,
                                  PgmConnection *connection,
                                  GCancellable *cancellable,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean pgm_catalog_read_indexes (PgmCatalog *self,
                                   PgmConnection *connection,
                                   GCancellable *cancellable,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean pgm_catalog_read_foreign_keys (PgmCatalog *self,
                                        PgmConnection *connection,
                                        GCancellable *cancellable,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean pgm_catalog_list_sequences (PgmCatalog *self,
                                     PgmConnection *connection,
                                     GCancellable *cancellable,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

void pgm_table_free (PgmTable *self);
void pgm_index_free (PgmIndex *self);
void pgm_foreign_key_free (PgmForeignKey *self);
void pgm_sequence_free (PgmSequence *self);

G_END_DECLS
