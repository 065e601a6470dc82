/* One session on one server.
 *
 * Blocking calls for worker threads; every wait is a poll() on the socket and
 * the GCancellable's descriptor, so cancelling takes effect at once (a running
 * statement is then cancelled on the server too, and the connection stays
 * usable unless it says that it is lost).
 *
 * Every session pins what could change the meaning of a value or kill it half
 * way (search_path='', datestyle, intervalstyle, extra_float_digits, timezone,
 * bytea_output, xmloption, array_nulls, lc_monetary, row_security=off, the
 * timeouts, default_transaction_read_only=off, client_encoding); see
 * session.c. The settings are sent at start-up, so there is no moment without
 * them, and the server's version decides which exist.
 *
 * A further session to the same server is given the PgmServerIdentity of the
 * first: behind a pooler, a load balancer or a fail-over it could be another
 * server, which is refused.
 */
#pragma once

#include "core/error.h"
#include "core/lsn.h"
#include "postgres/conninfo.h"

G_BEGIN_DECLS

typedef struct _PgmConnection PgmConnection;
typedef struct _PgmResult PgmResult;

/* What makes two sessions sessions of the same server. */
typedef struct
{
  guint64 system_identifier; /* 0: not known (pg_control_system() not granted) */
  guint32 timeline;          /* 0: not known */
} PgmServerIdentity;

typedef struct
{
  const char *label;                 /* "source" or "destination": names the side in errors */
  const char *application_name;      /* NULL: "pgmanager" */
  const char *client_encoding;       /* NULL: the database's own */
  const char *lc_monetary;           /* NULL: "C" */
  gboolean replication;              /* replication=database */
  gboolean console;                  /* pgbouncer's administrative database: no start-up
                                      * options, no settings, simple protocol only */
  const PgmServerIdentity *expected; /* refuse any other server; may be NULL */
  guint connect_timeout;             /* seconds per host, 0: 10 */
} PgmSessionOptions;

PgmConnection *pgm_connection_open (PgmConninfo *conninfo,
                                    const PgmSessionOptions *options,
                                    GCancellable *cancellable,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pgm_connection_free (PgmConnection *self);

const char *pgm_connection_get_label (PgmConnection *self);
int pgm_connection_get_version (PgmConnection *self); /* 150020: 15.20 */
int pgm_connection_get_major (PgmConnection *self);   /* 15 */
int pgm_connection_get_backend_pid (PgmConnection *self);
gboolean pgm_connection_is_lost (PgmConnection *self);
/* Is the server on this machine, as far as its address tells? The near end of a
 * tunnel is. */
gboolean pgm_connection_is_local (PgmConnection *self);
const PgmServerIdentity *pgm_connection_get_identity (PgmConnection *self);

/* The libpq in use, "15.20". Transfer full. */
char *pgm_connection_get_library_version (void);

/* Simple protocol: one or many statements, results dropped. */
gboolean pgm_connection_exec (PgmConnection *self,
                              const char *sql,
                              GCancellable *cancellable,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean pgm_connection_execf (PgmConnection *self,
                               GCancellable *cancellable,
                               GError **error,
                               const char *format,
                               ...) G_GNUC_PRINTF (4, 5) G_GNUC_WARN_UNUSED_RESULT;

/* Extended protocol, text format. @params: @n_params values, NULL is SQL NULL. */
PgmResult *pgm_connection_query (PgmConnection *self,
                                 const char *sql,
                                 guint n_params,
                                 const char *const *params,
                                 GCancellable *cancellable,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The first column of the first row; NULL with an error of PGM_ERROR_NOT_FOUND
 * when there is no row, and with PGM_ERROR_FAILED for SQL NULL. Transfer full. */
char *pgm_connection_query_value (PgmConnection *self,
                                  const char *sql,
                                  guint n_params,
                                  const char *const *params,
                                  GCancellable *cancellable,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Notices raised since the last call, or NULL. Transfer full. */
GStrv pgm_connection_steal_notices (PgmConnection *self);

/* Results: row and column numbers start at 0. Values are owned by the result. */
void pgm_result_free (PgmResult *self);
guint pgm_result_get_rows (PgmResult *self);
guint pgm_result_get_columns (PgmResult *self);
const char *pgm_result_get_name (PgmResult *self, guint column);
const char *pgm_result_get (PgmResult *self, guint row, guint column); /* NULL: SQL NULL */
const char *pgm_result_get_or (PgmResult *self, guint row, guint column, const char *fallback);
gboolean pgm_result_get_bool (PgmResult *self, guint row, guint column); /* "t" */
gint64 pgm_result_get_int64 (PgmResult *self, guint row, guint column);  /* 0 for NULL */
guint32 pgm_result_get_oid (PgmResult *self, guint row, guint column);
gint64 pgm_result_get_affected (PgmResult *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmConnection, pgm_connection_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmResult, pgm_result_free)

G_END_DECLS
