/* A bounded, closable queue between two threads.
 *
 * Limits are in items and in bytes; the producer says how many bytes an item
 * weighs. One item heavier than the whole limit is let in when the channel is
 * empty, so that it can't wait for ever. Ownership of an item goes over with it.
 * pgm_channel_close() lets the consumer drain what is there and then see the
 * end; pgm_channel_abort() drops what is there and wakes both sides.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _PgmChannel PgmChannel;

typedef enum
{
  PGM_CHANNEL_OK,
  PGM_CHANNEL_END,       /* closed and drained (pop), or closed (push) */
  PGM_CHANNEL_TIMEOUT,   /* nothing happened within the time */
  PGM_CHANNEL_CANCELLED, /* the cancellable fired, or the channel was aborted */
} PgmChannelResult;

/* A limit of 0 is no limit. @item_free: for items that nobody takes; may be NULL. */
PgmChannel *pgm_channel_new (gsize max_items, gsize max_bytes, GDestroyNotify item_free);
PgmChannel *pgm_channel_ref (PgmChannel *self);
void pgm_channel_unref (PgmChannel *self);

/* Takes @item only when it returns PGM_CHANNEL_OK. @timeout_us: microseconds to
 * wait for room; negative waits without end; 0 does not wait. */
PgmChannelResult pgm_channel_push (PgmChannel *self,
                                   gpointer item,
                                   gsize bytes,
                                   gint64 timeout_us,
                                   GCancellable *cancellable) G_GNUC_WARN_UNUSED_RESULT;

/* On PGM_CHANNEL_OK *@item belongs to the caller. */
PgmChannelResult pgm_channel_pop (PgmChannel *self,
                                  gpointer *item,
                                  gint64 timeout_us,
                                  GCancellable *cancellable) G_GNUC_WARN_UNUSED_RESULT;

void pgm_channel_close (PgmChannel *self);
void pgm_channel_abort (PgmChannel *self);

gsize pgm_channel_get_items (PgmChannel *self);
gsize pgm_channel_get_bytes (PgmChannel *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmChannel, pgm_channel_unref)

G_END_DECLS
