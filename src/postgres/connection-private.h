/* What the files of this room share about a session. Only connection.c,
 * login.c, session.c, result.c, wait.c, copy.c and pipeline.c include it (and conninfo.c, for
 * pgm_conninfo_foreach()): libpq's types end here.
 */
#pragma once

#include <libpq-fe.h>
#include <poll.h>

#include "postgres/connection.h"

G_BEGIN_DECLS

struct _PgmConnection
{
  PGconn *pg;
  char *label;
  gboolean replication; /* a walsender */
  gboolean simple;      /* simple protocol only */
  gboolean lost;
  PgmServerIdentity identity;
  GPtrArray *notices;   /* char *, bounded */
  guint64 notices_seen; /* every one, kept or not */
  guint8 *chunk;        /* the pump's gathering buffer, made when first needed */
};

struct _PgmResult
{
  PGresult *pg;
};

/* A GCancellable ready to be polled. Held over a whole operation, because every
 * acquisition of its descriptor costs system calls. */
typedef struct
{
  GCancellable *cancellable; /* borrowed */
  int fd;
} PgmWait;

void pgm_wait_init (PgmWait *self, GCancellable *cancellable);
void pgm_wait_clear (PgmWait *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (PgmWait, pgm_wait_clear)

/* At most this many sockets in one pgm_wait_poll(). */
#define PGM_WAIT_SOCKETS 2

/* Sleeps until one of the sockets is ready. @deadline: monotonic microseconds,
 * 0 for none. FALSE with G_IO_ERROR_CANCELLED, G_IO_ERROR_TIMED_OUT or another
 * error. */
gboolean pgm_wait_poll (PgmWait *self,
                        struct pollfd *sockets,
                        guint n_sockets,
                        gint64 deadline,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Monotonic time @seconds from now. */
gint64 pgm_wait_deadline (guint seconds);

/* Sending, and one result after the other. A result of NULL is the end of the
 * statement. FALSE leaves the statement running unless the session is lost. */
gboolean pgm_connection_send (PgmConnection *self,
                              const char *sql,
                              guint n_params,
                              const char *const *params,
                              gboolean simple,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean pgm_connection_next_result (PgmConnection *self,
                                     PgmWait *wait,
                                     gint64 deadline,
                                     PGresult **result,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* pgm_connection_query(), and with @simple several statements in one string:
 * the last one's result. */
PgmResult *pgm_connection_run (PgmConnection *self,
                               const char *sql,
                               guint n_params,
                               const char *const *params,
                               gboolean simple,
                               GCancellable *cancellable,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Takes in what there is to read, once the socket is readable. */
gboolean pgm_connection_consume (PgmConnection *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Writes out what libpq has buffered, taking in what the server says meanwhile. */
gboolean pgm_connection_flush (PgmConnection *self, PgmWait *wait, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Cancels the running statement on the server and reads its results away. A
 * session that does not come to rest within a few seconds is marked lost. */
void pgm_connection_interrupt (PgmConnection *self);

/* Reads away the rest of the running statement, whatever it is. */
gboolean pgm_connection_drain (PgmConnection *self, gint64 deadline) G_GNUC_WARN_UNUSED_RESULT;

/* Takes @pg. */
PgmResult *pgm_result_new_take (PGresult *pg);

/* @error from a failed result (@sql: the text sent, for positions; may be NULL)
 * or from the connection itself, which then counts as lost. */
void pgm_connection_set_result_error (PgmConnection *self,
                                      const PGresult *result,
                                      const char *sql,
                                      GError **error);
void pgm_connection_set_lost (PgmConnection *self, GError **error);

/* Text from a server (or libpq) as valid UTF-8, without the final line end.
 * @encoding: the session's client_encoding or NULL. Transfer full. */
char *pgm_connection_text (const char *text, const char *encoding);

/* Settings (session.c). */

/* The value of the start-up parameter "options": @user's own, then ours. */
char *pgm_session_startup_options (const char *user, const PgmSessionOptions *options);

/* After the login: what depends on the server's version, and who it is. */
gboolean pgm_session_begin (PgmConnection *self,
                            const PgmSessionOptions *options,
                            GCancellable *cancellable,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Reaching a server (login.c). NULL with PGM_ERROR_CONNECT. */
PGconn *pgm_login (PgmConninfo *conninfo,
                   const PgmSessionOptions *options,
                   GCancellable *cancellable,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Calls @function for every explicitly given parameter, secrets included. */
typedef void (*PgmConninfoFunc) (const char *keyword, const char *value, gpointer data);
void pgm_conninfo_foreach (PgmConninfo *self, PgmConninfoFunc function, gpointer data);

G_END_DECLS
