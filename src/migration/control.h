/* The letter box of a running job: faces leave requests, the job takes them when
 * it can. What the job can do in its present state is known to the box, so that
 * a request that makes no sense is refused at once and in words. */
#pragma once

#include <gio/gio.h>

#include "core/error.h"
#include "model/request.h"

G_BEGIN_DECLS

typedef struct _PgmControl PgmControl;

PgmControl *pgm_control_new (void);
PgmControl *pgm_control_ref (PgmControl *self);
void pgm_control_unref (PgmControl *self);

/* Any thread; doesn't wait. PGM_ERROR_REFUSED when the job can't do that now, or
 * is busy with another request. */
gboolean pgm_control_post (PgmControl *self,
                           PgmJobRequest *request,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The job's side. @kinds: bits 1 << PgmRequestKind of what may be asked from now
 * on; @state says why nothing else may ("the copy is not finished yet"). */
void pgm_control_allow (PgmControl *self, guint kinds, const char *state);

/* While a cutover runs: what ends it before its point of no return; NULL afterwards.
 * Held until then. PGM_REQUEST_SWITCHOVER_CANCEL cancels it. */
void pgm_control_set_cutover (PgmControl *self, GCancellable *cutover);

/* Names of what would be accepted now. Any thread; transfer full. */
GStrv pgm_control_list_requests (PgmControl *self);

/* The next request (transfer full), or NULL after @timeout_us or a cancellation. */
PgmJobRequest *pgm_control_take (PgmControl *self, gint64 timeout_us, GCancellable *cancellable);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmControl, pgm_control_unref)

G_END_DECLS
