/* Tells by notifications what became of jobs while nobody looked. */
#pragma once

#include <gio/gio.h>

#include "app/job-item.h"

G_BEGIN_DECLS

/* With actions that open the job: app.show-job. */
void pgm_notifier_job_ended (GApplication *application, PgmJobItem *item);

/* That @running jobs go on without a window: app.show-window, app.quit. */
void pgm_notifier_in_background (GApplication *application, guint running);
void pgm_notifier_in_front (GApplication *application);

G_END_DECLS
