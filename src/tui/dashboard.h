/* The dashboard without a terminal: takes what engines say and keys that are pressed,
 * answers with wishes, and draws itself on a canvas. Nothing here waits, prints or
 * knows where an engine is. Times are monotonic microseconds, given by the caller. Not
 * for other rooms. */
#pragma once

#include "model/job-info.h"
#include "model/report.h"
#include "model/request.h"
#include "tui/canvas.h"

G_BEGIN_DECLS

typedef enum
{
  PGM_KEY_CHARACTER,
  PGM_KEY_ENTER,
  PGM_KEY_ESCAPE,
  PGM_KEY_BACKSPACE,
  PGM_KEY_TAB,
  PGM_KEY_BACK_TAB,
  PGM_KEY_UP,
  PGM_KEY_DOWN,
  PGM_KEY_LEFT,
  PGM_KEY_RIGHT,
  PGM_KEY_PAGE_UP,
  PGM_KEY_PAGE_DOWN,
  PGM_KEY_HOME,
  PGM_KEY_END,
  PGM_KEY_HELP,
  PGM_KEY_REDRAW,
  PGM_KEY_SUSPEND,
} PgmKeyName;

typedef struct
{
  PgmKeyName name;
  gunichar character; /* of PGM_KEY_CHARACTER */
} PgmKey;

typedef enum
{
  PGM_WISH_NONE,
  PGM_WISH_QUIT,
  PGM_WISH_REDRAW,   /* the terminal may not show what was drawn */
  PGM_WISH_SUSPEND,  /* the shell is wanted */
  PGM_WISH_INTERVAL, /* pgm_dashboard_get_interval() has changed */
  PGM_WISH_STOP,     /* @job_id */
  PGM_WISH_REQUEST,  /* @request of @job_id */
} PgmWishKind;

/* What is to be done outside; confirmed already where that is asked for. */
typedef struct
{
  PgmWishKind kind;
  PgmRequestKind request;
  char *job_id;
} PgmWish;

void pgm_wish_clear (PgmWish *self);

typedef enum
{
  PGM_NOTE_PLAIN,
  PGM_NOTE_GOOD,
  PGM_NOTE_ERROR,
} PgmNoteLevel;

typedef struct _PgmDashboard PgmDashboard;

PgmDashboard *pgm_dashboard_new (void);
void pgm_dashboard_free (PgmDashboard *self);

/* ---- what engines say ---- */

/* PgmJobInfo, as an engine lists them. */
void pgm_dashboard_take_jobs (PgmDashboard *self, GPtrArray *infos);
void pgm_dashboard_take_snapshot (PgmDashboard *self,
                                  const char *job_id,
                                  PgmSnapshot *snapshot,
                                  gint64 now);
void pgm_dashboard_take_report (PgmDashboard *self, const char *job_id, PgmReport *report);

/* PgmEvent of a job that sends no pictures. */
void pgm_dashboard_take_events (PgmDashboard *self, const char *job_id, GPtrArray *events);

/* Is there an engine that runs this job and answers? */
void pgm_dashboard_set_served (PgmDashboard *self, const char *job_id, gboolean served);

/* For the log and the line of messages. */
void pgm_dashboard_note (PgmDashboard *self, PgmNoteLevel level, const char *text, gint64 now);

/* ---- what it is asked ---- */

/* The job that is looked at, or NULL. Owned by the dashboard. */
const char *pgm_dashboard_get_job (PgmDashboard *self);
gboolean pgm_dashboard_choose_job (PgmDashboard *self, const char *job_id);

/* TRUE when the events of that job are only to be had by asking for them. */
gboolean pgm_dashboard_lacks_events (PgmDashboard *self);

/* Seconds between two pictures. */
double pgm_dashboard_get_interval (const PgmDashboard *self);
void pgm_dashboard_set_interval (PgmDashboard *self, double seconds);

/* ---- people ---- */

/* To be cleared by the caller. */
PgmWish pgm_dashboard_press (PgmDashboard *self, const PgmKey *key, gint64 now);

/* The newest becomes what is shown, unless the picture is held. */
void pgm_dashboard_refresh (PgmDashboard *self, gint64 now);

/* @clock: for the corner, "14:02:11"; may be NULL. Transfer full. */
PgmCanvas *pgm_dashboard_paint (PgmDashboard *self,
                                guint columns,
                                guint rows,
                                gboolean ascii,
                                const char *clock);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmDashboard, pgm_dashboard_free)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (PgmWish, pgm_wish_clear)

G_END_DECLS
