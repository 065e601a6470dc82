/* Two throw-away clusters and what runs between them, for tests and pictures of
 * migrations; waits as desk.h does. */
#pragma once

#include "app/migration-page.h"
#include "desk.h"

G_BEGIN_DECLS

typedef struct
{
  Desk *desk;
  PgmSample *sample;
  char *job_id;
  gpointer holder; /* a session that holds a table */
} Stage;

/* @orders: rows of the sample's largest table; 0: as usual. */
void stage_set_up (Stage *self, Desk *desk, gint64 orders);

/* Stops the job and removes the clusters. */
void stage_tear_down (Stage *self);

/* Customers who write all the time; 0 ends them. */
void stage_write (Stage *self, int writers);

/* Starts a clone of the shop, and shows its page. */
PgmMigrationPage *stage_start (Stage *self, gboolean follow);

/* The page that is shown. */
PgmMigrationPage *stage_get_page (Stage *self);

/* Conditions for desk_wait(): with the stage, a page of a migration is shown; with an end
 * of the assistant, its server has been tried in vain. */
gboolean stage_is_page_there (Desk *desk, gpointer stage);
gboolean stage_end_has_failed (Desk *desk, gpointer end);

/* A transaction of the application that holds a table, until it is released. */
void stage_hold (Stage *self);
void stage_release (Stage *self);

/* In the form before a cutover. */
void stage_choose_fence (Stage *self, PgmFence fence);

/* Is a table of that name (in a schema of that name) among those that are shown? */
gboolean stage_has_table (Stage *self, const char *name);

/* SQL on one side, as psql does it. */
void stage_execute (Stage *self, gboolean source, const char *sql);

/* Signals the server of one side, as somebody else would. */
void stage_signal (Stage *self, gboolean source, int signal_number);

void stage_wait_for_request (Stage *self, PgmRequestKind kind);
void stage_wait_for_end (Stage *self);
void stage_wait_for_cutover (Stage *self, PgmCutoverStageShown stage);

/* Answers the question that stands open. */
void stage_answer (Stage *self, const char *response);

G_END_DECLS
