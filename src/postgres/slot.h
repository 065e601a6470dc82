/* What logical replication keeps on servers: slots, publications, origins.
 *
 * All of it is named after the job, so that it can be found and removed: the
 * footprint on a source is one slot and one publication. Nothing here creates
 * again what is missing (A7): that is for the caller to refuse or to decide.
 */
#pragma once

#include "postgres/connection.h"

G_BEGIN_DECLS

typedef struct
{
  char *name;
  char *plugin;
  char *database;
  gboolean active;
  int active_pid;
  gboolean temporary;
  PgmLsn restart_lsn;
  PgmLsn confirmed_flush_lsn;
  char *wal_status;          /* reserved extended unreserved lost; NULL below 13 */
  gint64 safe_wal_size;      /* bytes until it may be lost; -1: no limit or not known */
  char *invalidation_reason; /* 17 and later, else NULL */
  gboolean two_phase;        /* 14 and later */
  gboolean failover;         /* 17 and later */
  guint64 retained_bytes;    /* WAL kept back on the server for it, now */
  gint64 catalog_xmin_age;   /* transactions; 0 when none */
} PgmSlot;

/* Creates a logical slot with pgoutput on a replication connection, which must
 * stay open and idle as long as the exported @snapshot is needed. Waits for all
 * transactions that were running: who they are is pgm_slot_list_blockers()'s
 * business, on another session. @snapshot (transfer full) may be NULL: none is
 * exported. @temporary: gone with the connection. */
gboolean pgm_slot_create (PgmConnection *replication,
                          const char *name,
                          gboolean temporary,
                          PgmLsn *consistent_point,
                          char **snapshot,
                          GCancellable *cancellable,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* NULL in @slot when there is none of this name. */
gboolean pgm_slot_read (PgmConnection *connection,
                        const char *name,
                        PgmSlot **slot,
                        GCancellable *cancellable,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pgm_slot_free (PgmSlot *self);

/* Fine when it is gone already. An active one: its backend is ended first when
 * @force. */
gboolean pgm_slot_drop (PgmConnection *connection,
                        const char *name,
                        gboolean force,
                        GCancellable *cancellable,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A transaction that a new slot would have to wait for. */
typedef struct
{
  int pid;
  char *user;
  char *application;
  char *query;
  double seconds; /* since it began */
} PgmBlocker;

/* PgmBlocker, the oldest first: transactions with an xid older than
 * @min_seconds, and prepared ones (pid 0, the gid as query). */
GPtrArray *pgm_slot_list_blockers (PgmConnection *connection,
                                   double min_seconds,
                                   GCancellable *cancellable,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* @tables: quoted, schema-qualified, NULL-terminated; NULL: FOR ALL TABLES.
 * publish_via_partition_root stays off: changes come from the leaves. */
gboolean pgm_publication_create (PgmConnection *connection,
                                 const char *name,
                                 const char *const *tables,
                                 GCancellable *cancellable,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean pgm_publication_exists (PgmConnection *connection,
                                 const char *name,
                                 gboolean *exists,
                                 GCancellable *cancellable,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Fine when it is gone already. */
gboolean pgm_publication_drop (PgmConnection *connection,
                               const char *name,
                               GCancellable *cancellable,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Replication origins of the destination. Creating one that exists is an error
 * (PGM_ERROR_REFUSED); dropping one that is gone is fine. @progress: 0 when it
 * has none yet. @found: FALSE when there is no such origin. */
gboolean pgm_origin_create (PgmConnection *connection,
                            const char *name,
                            PgmLsn start,
                            GCancellable *cancellable,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean pgm_origin_read (PgmConnection *connection,
                          const char *name,
                          gboolean *found,
                          PgmLsn *progress,
                          GCancellable *cancellable,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean pgm_origin_drop (PgmConnection *connection,
                          const char *name,
                          GCancellable *cancellable,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* pg_replication_origin_session_setup(): this session is the origin's from now
 * on. When another session has it (55006), that one is terminated and awaited
 * first, up to @takeover_seconds (A8); 0: refuse. */
gboolean pgm_origin_own (PgmConnection *connection,
                         const char *name,
                         guint takeover_seconds,
                         GCancellable *cancellable,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* pg_replication_origin_session_progress(true): flushes, and says what is
 * durable. */
gboolean pgm_origin_flush (PgmConnection *connection,
                           PgmLsn *flushed,
                           GCancellable *cancellable,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmSlot, pgm_slot_free)

G_END_DECLS
