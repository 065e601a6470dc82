/* One monotonic deadline over several steps: a cancellable that is cancelled when
 * it passes, or when the caller's own is. */
#pragma once

#include <gio/gio.h>

#include "core/error.h"

G_BEGIN_DECLS

typedef struct _PgmDeadline PgmDeadline;

/* @at: monotonic microseconds. @parent may be NULL. */
PgmDeadline *pgm_deadline_new (gint64 at, GCancellable *parent);
void pgm_deadline_free (PgmDeadline *self);

/* Borrowed. */
GCancellable *pgm_deadline_get_cancellable (PgmDeadline *self);
gint64 pgm_deadline_get_time (PgmDeadline *self);

/* Makes the cancellation in @error, when it came from the deadline, a timeout in
 * words that name the step it came in. */
void pgm_deadline_explain (PgmDeadline *self, double seconds, const char *during, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmDeadline, pgm_deadline_free)

G_END_DECLS
