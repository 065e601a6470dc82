/* Between engines and the dashboard: finds engines, lists and watches their jobs, notices
 * when one goes away and when it comes back, and takes wishes to the one that has the
 * job. Everything is asynchronous in the thread's default context. Not for other rooms. */
#pragma once

#include "tui/dashboard.h"
#include "tui/tui.h"

G_BEGIN_DECLS

typedef struct _PgmFeed PgmFeed;

/* @changed is called after @dashboard was told something that should be seen at once;
 * pictures that come twice a second are not. */
PgmFeed *pgm_feed_new (PgmDashboard *dashboard,
                       const PgmTuiOptions *options,
                       void (*changed) (gpointer user_data),
                       gpointer user_data);
void pgm_feed_free (PgmFeed *self);

/* Looks for engines and asks them for their jobs; also by itself, every two seconds. */
void pgm_feed_scan (PgmFeed *self);

/* PGM_WISH_STOP or PGM_WISH_REQUEST. What comes of it is noted on the dashboard. */
void pgm_feed_wish (PgmFeed *self, const PgmWish *wish);

G_END_DECLS
