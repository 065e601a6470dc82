/* What a service manager hears of us, over the datagram socket that it names in
 * $NOTIFY_SOCKET; nothing happens where there is none. Source: sd_notify(3). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _PgmNotify PgmNotify;

/* Reads the environment and takes it out of it, so that no child speaks for us. */
PgmNotify *pgm_notify_new (void);
void pgm_notify_free (PgmNotify *self);

/* "READY=1\nSTATUS=…" */
void pgm_notify_send (PgmNotify *self, const char *text);

/* How often a sign of life is due, in milliseconds; 0: never. */
guint pgm_notify_get_interval (const PgmNotify *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmNotify, pgm_notify_free)

G_END_DECLS
