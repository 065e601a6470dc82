/* One request and its answer, and the errors of both in our own words. Not for other
 * rooms. */
#pragma once

#include <libsoup/soup.h>

#include "core/error.h"
#include "core/secret.h"

G_BEGIN_DECLS

/* Of a unix socket. */
SoupSession *pgm_rest_session_new (const char *path);

/* A message for "/migrations" and the like. Transfer full. */
SoupMessage *pgm_rest_message_new (const char *method, const char *path);

/* @body may be NULL: "{}" for a POST. */
void pgm_rest_call_async (SoupSession *session,
                          const char *method,
                          const char *path,
                          PgmSecret *body,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data);

/* The answer's body, or the error that it tells: of the server, PGM_ERROR_CONNECT when
 * nobody is there, PGM_ERROR_LOST when the answer doesn't come whole. */
GBytes *pgm_rest_call_finish (SoupSession *session,
                              GAsyncResult *result,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
