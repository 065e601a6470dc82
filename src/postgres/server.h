/* Facts about a server and the database we are in, read once. */
#pragma once

#include "postgres/connection.h"

G_BEGIN_DECLS

typedef struct
{
  int version;              /* 150020 */
  int major;                /* 15 */
  char *version_text;       /* "15.20" */
  PgmServerIdentity identity;
  gboolean in_recovery;     /* a standby */
  gboolean read_only;       /* default_transaction_read_only or in recovery */
  char *database;
  char *user;
  gboolean superuser;
  gboolean bypass_rls;
  gboolean replication;
  char *encoding;           /* server_encoding */
  char *collate;
  char *ctype;
  char *locale_provider;    /* "libc", "icu", "builtin" */
  char *collation_version;  /* as recorded; NULL below 15 or when unknown */
  char *collation_version_now; /* as the operating system has it now */
  char *lc_monetary;
  char *wal_level;
  gboolean data_checksums;
  gint64 max_locks_per_transaction;
  gint64 max_connections;
  gint64 max_prepared_transactions;
  gint64 maintenance_work_mem; /* bytes */
  gint64 max_parallel_maintenance_workers;
  gint64 database_size;     /* bytes; -1 not known */
} PgmServerInfo;

PgmServerInfo *pgm_server_info_read (PgmConnection *connection, GCancellable *cancellable, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void pgm_server_info_free (PgmServerInfo *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmServerInfo, pgm_server_info_free)

G_END_DECLS
