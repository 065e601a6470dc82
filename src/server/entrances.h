/* All the ways in, as the options want them: sockets, and what is asked at each. Not
 * for other rooms. */
#pragma once

#include "server/gate.h"
#include "server/server.h"

G_BEGIN_DECLS

typedef struct _PgmEntrances PgmEntrances;

/* Opens them all, or none. The errors are those of pgm_server_new(). */
PgmEntrances *
pgm_entrances_open (const PgmServerOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pgm_entrances_close (PgmEntrances *self);

/* See pgm_server_check(). */
gboolean pgm_entrances_check (const PgmServerOptions *options, GError **error);

/* Accepts at them from now on, in the gate's context. */
void pgm_entrances_listen (PgmEntrances *self, PgmGate *gate);

/* Each NULL when there is none; owned by @self. */
const char *pgm_entrances_get_path (PgmEntrances *self);
const char *const *pgm_entrances_get_urls (PgmEntrances *self);
PgmTickets *pgm_entrances_get_tickets (PgmEntrances *self);

G_END_DECLS
