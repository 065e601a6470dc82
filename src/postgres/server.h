/* Facts about a server and the database we are in, read once. */
#pragma once

#include "postgres/connection.h"

G_BEGIN_DECLS

/* The oldest servers that can be read from and written to, and the newest known. */
#define PGM_SERVER_OLDEST_MAJOR             10
#define PGM_SERVER_OLDEST_DESTINATION_MAJOR 13
#define PGM_SERVER_NEWEST_MAJOR             18

typedef struct
{
  int version;        /* 150020 */
  int major;          /* 15 */
  char *version_text; /* "15.20" */
  PgmServerIdentity identity;
  gboolean in_recovery; /* a standby */
  gboolean read_only;   /* in recovery, or default_transaction_read_only for everybody else:
                             * as set for the role and database, and in the configuration files
                             * where they may be read (our own sessions pin it to off) */
  char *database;
  char *user;
  gboolean superuser;
  gboolean bypass_rls;
  gboolean replication;
  char *encoding; /* server_encoding */
  char *collate;
  char *ctype;
  char *locale_provider;       /* "libc", "icu", "builtin" */
  char *locale;                /* of the icu and builtin providers; NULL for libc */
  char *collation_version;     /* as recorded; NULL below 15 or when unknown */
  char *collation_version_now; /* as the operating system has it now */
  char *lc_monetary;
  char *wal_level;
  gboolean data_checksums;
  gint64 max_locks_per_transaction;
  gint64 max_connections;
  gint64 max_prepared_transactions;
  gint64 maintenance_work_mem; /* bytes */
  gint64 max_parallel_maintenance_workers;
  gint64 database_size; /* bytes; -1 not known */
} PgmServerInfo;

/* PGM_ERROR_REFUSED for a server older than PGM_SERVER_OLDEST_MAJOR. */
PgmServerInfo *pgm_server_info_read (PgmConnection *connection,
                                     GCancellable *cancellable,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pgm_server_info_free (PgmServerInfo *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmServerInfo, pgm_server_info_free)

G_END_DECLS
