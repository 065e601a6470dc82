/* The state of a dashboard, for the files that keep it, steer it and draw it. */
#pragma once

#include "tui/cursor.h"
#include "tui/dashboard.h"
#include "tui/job-view.h"
#include "tui/layout.h"
#include "tui/table-list.h"

G_BEGIN_DECLS

typedef enum
{
  PGM_PANE_JOBS,
  PGM_PANE_TABLES,
  PGM_PANE_EVENTS,
  PGM_PANE_LOG,
  PGM_PANE_CUTOVER,
  PGM_PANE_COMPARISON,
} PgmPane;

#define PGM_N_PANES (PGM_PANE_COMPARISON + 1)

typedef enum
{
  PGM_MODE_BROWSE,
  PGM_MODE_FILTER, /* a filter is being typed */
  PGM_MODE_ASK,    /* a question waits for its answer */
  PGM_MODE_HELP,
} PgmMode;

/* A line of one of the lists that are text. */
typedef struct
{
  PgmStyle style;
  char *text;
} PgmLine;

typedef struct
{
  gint64 time; /* real */
  PgmNoteLevel level;
  char *text;
} PgmNote;

/* Something that is only done when it is confirmed. */
typedef struct
{
  PgmWishKind kind;
  PgmRequestKind request;
  char *job_id;
  char *text;
  gboolean in_full; /* "yes" has to be typed */
} PgmConfirmation;

struct _PgmDashboard
{
  GPtrArray *jobs;  /* PgmJobView: running first, then those that began last */
  char *chosen;     /* id */
  char *wanted;     /* id that was asked for before it was known */
  gboolean by_hand; /* somebody chose it, so that it stays chosen */
  PgmPane pane;
  PgmMode mode;
  PgmCursor cursors[PGM_N_PANES];
  guint rows_seen[PGM_N_PANES]; /* at the last painting, to page by */
  char *filters[PGM_N_PANES];   /* NULL: all */
  GString *typed;               /* of a filter or an answer */
  guint offset;                 /* columns that text is moved to the left */
  PgmTableList *tables;
  PgmConfirmation question;
  PgmCursor help;
  GPtrArray *notes;      /* PgmNote, the newest last */
  gint64 note_time;      /* monotonic, of the newest */
  gboolean held;         /* the picture stands still */
  gint64 shown_at;       /* monotonic: the moment that the picture shows */
  guint interval;        /* index of the intervals */
  double interval_given; /* one that isn't among them; 0: none */
};

PgmJobView *pgm_dashboard_find_job (PgmDashboard *self, const char *job_id);
PgmJobView *pgm_dashboard_get_view (PgmDashboard *self); /* the chosen one, or NULL */

/* PgmJobView that the filter lets through; transfer container. */
GPtrArray *pgm_dashboard_list_jobs (PgmDashboard *self);

/* PgmLine of one of the panes of text, filtered; transfer full. */
GPtrArray *pgm_dashboard_list_lines (PgmDashboard *self, PgmPane pane);

guint pgm_dashboard_get_length (PgmDashboard *self, PgmPane pane);
const char *pgm_pane_get_title (PgmPane pane);

/* TRUE: the writes belong to the destination, so a cutover goes back. */
gboolean pgm_dashboard_goes_back (const PgmJobView *job);

/* The answer to a key while a question stands. */
PgmWish pgm_dashboard_answer (PgmDashboard *self, const PgmKey *key);
/* Puts it to whoever is there; FALSE when there is nothing to ask about. */
gboolean pgm_dashboard_ask (PgmDashboard *self, gunichar key);

void
pgm_dashboard_paint_pane (PgmDashboard *self, PgmCanvas *canvas, PgmPane pane, PgmRegion region);
void pgm_dashboard_paint_job (PgmDashboard *self, PgmCanvas *canvas, const PgmLayout *layout);
void pgm_dashboard_paint_question (PgmDashboard *self, PgmCanvas *canvas);
void pgm_dashboard_paint_help (PgmDashboard *self, PgmCanvas *canvas);

G_END_DECLS
