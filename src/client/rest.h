/* The other side, and one request to it with its answer: where it is, who we are, and
 * the errors of both in our own words. Belongs to the main context in which it was
 * made. Not for other rooms. */
#pragma once

#include <libsoup/soup.h>

#include "client/remote-engine.h"
#include "core/error.h"
#include "core/secret.h"

G_BEGIN_DECLS

#define PGM_TYPE_REST (pgm_rest_get_type ())
G_DECLARE_FINAL_TYPE (PgmRest, pgm_rest, PGM, REST, GObject)

/* Of a unix socket. */
PgmRest *pgm_rest_new (const char *path);
/* The errors are those of pgm_remote_engine_new_for_url(). */
PgmRest *
pgm_rest_new_for_url (const PgmRemoteTarget *target, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends whatever is under way. */
void pgm_rest_abort (PgmRest *self);

/* The URL, or the path of the socket. */
const char *pgm_rest_get_name (PgmRest *self);
/* TRUE: when nobody listens there, the process is gone. */
gboolean pgm_rest_is_local (PgmRest *self);

/* @body may be NULL: "{}" for a POST. */
void pgm_rest_call_async (PgmRest *self,
                          const char *method,
                          const char *path,
                          PgmSecret *body,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data);

/* The answer's body, or the error that it tells: of the server, PGM_ERROR_CONNECT when
 * nobody is there or it isn't the one that it should be, PGM_ERROR_LOST when the answer
 * doesn't come whole. */
GBytes *pgm_rest_call_finish (PgmRest *self,
                              GAsyncResult *result,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A WebSocket. */
void pgm_rest_listen_async (PgmRest *self,
                            const char *path,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data);
SoupWebsocketConnection *
pgm_rest_listen_finish (PgmRest *self, GAsyncResult *result, GError **error);

G_END_DECLS
