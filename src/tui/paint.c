/* The whole picture, and what lies on top of it. */
#include <string.h>

#include "core/i18n.h"
#include "core/text.h"
#include "core/units.h"
#include "tui/dashboard-private.h"

/* A message goes by itself, so that the line says again how the job stands. */
#define NOTE_USEC (12 * G_USEC_PER_SEC)

static guint
count_running (PgmDashboard *self)
{
  guint running = 0;

  for (guint i = 0; i < self->jobs->len; i++)
    running += ((PgmJobView *) g_ptr_array_index (self->jobs, i))->served;
  return running;
}

/* The corner says what there is room for. */
static void
paint_header (PgmDashboard *self, PgmCanvas *canvas, guint row, const char *clock)
{
  guint columns = pgm_canvas_get_columns (canvas);
  g_autofree char *left =
      g_strdup_printf (_ ("pgmanager  %u running of %u"), count_running (self), self->jobs->len);
  g_autofree char *every = g_strdup_printf (_ ("every %g s"), pgm_dashboard_get_interval (self));
  const char *state = self->held ? _ ("HELD (space goes on)") : every;
  g_autofree char *all = g_strdup_printf ("%s  %s", state, clock != NULL ? clock : "");
  const char *choice[] = { all, state, self->held ? _ ("HELD") : "" };
  guint used;

  pgm_canvas_clear (canvas, row, 0, columns, PGM_STYLE_TITLE);
  used = pgm_canvas_put (canvas, row, 0, columns, PGM_STYLE_TITLE, left) + 2;
  for (gsize i = 0; i < G_N_ELEMENTS (choice); i++)
    if (used + pgm_text_columns (choice[i]) <= columns)
      {
        pgm_canvas_put_right (canvas, row, used, columns - used, PGM_STYLE_TITLE, choice[i]);
        return;
      }
}

static void
paint_tabs (PgmDashboard *self, PgmCanvas *canvas, guint row)
{
  guint columns = pgm_canvas_get_columns (canvas);
  guint column = 0;

  pgm_canvas_clear (canvas, row, 0, columns, PGM_STYLE_TITLE);
  for (guint i = 0; i < PGM_N_PANES; i++)
    {
      const char *filter = self->filters[i];
      gboolean here = (PgmPane) i == self->pane;
      g_autofree char *text = g_strdup_printf (
          here ? "[%u %s%s%s]" : " %u %s%s%s ", i + 1, pgm_pane_get_title ((PgmPane) i),
          filter != NULL ? " /" : "", filter != NULL ? filter : "");

      column += pgm_canvas_put (canvas, row, column, columns - MIN (column, columns),
                                PGM_STYLE_TITLE, text);
    }
  if (self->pane == PGM_PANE_TABLES && column + 12 < columns)
    {
      guint length = pgm_table_list_get_length (self->tables);
      g_autofree char *at =
          g_strdup_printf ("%u/%u", length > 0 ? self->cursors[PGM_PANE_TABLES].at + 1 : 0, length);

      pgm_canvas_put_right (canvas, row, column, columns - column, PGM_STYLE_TITLE, at);
    }
}

static void
paint_filter (PgmDashboard *self, PgmCanvas *canvas, guint row)
{
  guint columns = pgm_canvas_get_columns (canvas);
  g_autofree char *text = g_strdup_printf ("/%s_", self->typed->str);
  guint used = pgm_canvas_put (canvas, row, 0, columns, PGM_STYLE_STRONG, text);

  if (used + 2 < columns)
    pgm_canvas_put (canvas, row, used + 2, columns - used - 2, PGM_STYLE_DIM,
                    _ ("Enter keeps it, Esc shows all again"));
}

static void
paint_status (PgmDashboard *self, PgmCanvas *canvas, guint row)
{
  guint columns = pgm_canvas_get_columns (canvas);
  const PgmJobView *job = pgm_dashboard_get_view (self);
  const PgmNote *note =
      self->notes->len > 0 ? g_ptr_array_index (self->notes, self->notes->len - 1) : NULL;

  if (self->mode == PGM_MODE_FILTER)
    paint_filter (self, canvas, row);
  else if (note != NULL && (self->held || self->shown_at - self->note_time < NOTE_USEC))
    pgm_canvas_put (canvas, row, 0, columns,
                    note->level == PGM_NOTE_ERROR  ? PGM_STYLE_BAD
                    : note->level == PGM_NOTE_GOOD ? PGM_STYLE_GOOD
                                                   : PGM_STYLE_PLAIN,
                    note->text);
  else if (job != NULL && job->shown != NULL && job->shown->last_error != NULL)
    {
      g_autofree char *text = g_strdup_printf (_ ("last error: %s"), job->shown->last_error);

      pgm_canvas_put (canvas, row, 0, columns, PGM_STYLE_WARNING, text);
    }
}

static void
paint_keys (PgmCanvas *canvas, guint row)
{
  guint columns = pgm_canvas_get_columns (canvas);

  pgm_canvas_clear (canvas, row, 0, columns, PGM_STYLE_TITLE);
  pgm_canvas_put (
      canvas, row, 0, columns, PGM_STYLE_TITLE,
      _ ("q quit  ? help  Tab pane  / filter  s sort  space hold  +/- rate  p pause job  "
         "C cut over  S stop"));
}

static PgmLayoutNeeds
needs_of (PgmDashboard *self, guint rows)
{
  const PgmJobView *job = pgm_dashboard_get_view (self);
  const PgmSnapshot *snapshot = job != NULL ? job->shown : NULL;
  gboolean following = snapshot != NULL && pgm_snapshot_is_following (snapshot);

  return (PgmLayoutNeeds){
    .rows = rows,
    .jobs = self->pane != PGM_PANE_JOBS ? self->jobs->len : 0,
    .lag = following,
    .rate = snapshot != NULL,
    .wal = following && (snapshot->retained_bytes > 0 || snapshot->slot_status != NULL),
    .phases = snapshot != NULL && snapshot->phases->len > 0,
  };
}

static void
paint_too_small (PgmCanvas *canvas)
{
  if (pgm_canvas_get_rows (canvas) > 0)
    pgm_canvas_put (canvas, 0, 0, pgm_canvas_get_columns (canvas), PGM_STYLE_PLAIN,
                    _ ("too small"));
}

PgmCanvas *
pgm_dashboard_paint (PgmDashboard *self,
                     guint columns,
                     guint rows,
                     gboolean ascii,
                     const char *clock)
{
  PgmCanvas *canvas = pgm_canvas_new (columns, rows, ascii);
  PgmLayoutNeeds needs = needs_of (self, rows);
  PgmLayout layout;
  const PgmRegion *regions = layout.regions;

  if (columns < PGM_LAYOUT_MIN_COLUMNS || !pgm_layout_arrange (&layout, &needs))
    {
      paint_too_small (canvas);
      return canvas;
    }
  paint_header (self, canvas, regions[PGM_REGION_HEADER].row, clock);
  pgm_dashboard_paint_job (self, canvas, &layout);
  pgm_dashboard_paint_pane (self, canvas, self->pane, regions[PGM_REGION_PANE]);
  if (regions[PGM_REGION_JOBS].rows > 0)
    pgm_dashboard_paint_pane (self, canvas, PGM_PANE_JOBS, regions[PGM_REGION_JOBS]);
  paint_tabs (self, canvas, regions[PGM_REGION_TABS].row);
  paint_status (self, canvas, regions[PGM_REGION_STATUS].row);
  if (regions[PGM_REGION_KEYS].rows > 0)
    paint_keys (canvas, regions[PGM_REGION_KEYS].row);
  if (self->mode == PGM_MODE_ASK)
    pgm_dashboard_paint_question (self, canvas);
  else if (self->mode == PGM_MODE_HELP)
    pgm_dashboard_paint_help (self, canvas);
  return canvas;
}

/* ---- on top ---- */

typedef struct
{
  PgmCanvas *canvas;
  guint row; /* of the first line of text */
  guint column;
  guint columns;
  guint rows;
} Box;

/* In the middle, cleared, with a frame where there is room for one. */
static Box
make_box (PgmCanvas *canvas, guint wanted_columns, guint wanted_rows)
{
  guint columns = pgm_canvas_get_columns (canvas);
  guint rows = pgm_canvas_get_rows (canvas);
  Box box = {
    .canvas = canvas,
    .columns = MIN (wanted_columns, columns - 4),
    .rows = MIN (wanted_rows, rows > 2 ? rows - 2 : 1),
  };
  gboolean ascii = pgm_canvas_is_ascii (canvas);

  box.column = (columns - box.columns) / 2;
  box.row = (rows - box.rows) / 2;
  for (guint row = box.row - 1; row <= box.row + box.rows; row++)
    {
      gboolean edge = row < box.row || row == box.row + box.rows;

      pgm_canvas_clear (canvas, row, box.column - 2, box.columns + 4, PGM_STYLE_PLAIN);
      for (guint column = box.column - 2; column < box.column + box.columns + 2; column++)
        if (edge || column == box.column - 2 || column == box.column + box.columns + 1)
          pgm_canvas_put_drawing (canvas, row, column, PGM_STYLE_GRAPH,
                                  ascii  ? (edge ? "-" : "|")
                                  : edge ? "─"
                                         : "│");
    }
  return box;
}

static void
put_in_box (const Box *box, guint line, PgmStyle style, const char *text)
{
  if (line < box->rows)
    pgm_canvas_put (box->canvas, box->row + line, box->column, box->columns, style, text);
}

void
pgm_dashboard_paint_question (PgmDashboard *self, PgmCanvas *canvas)
{
  guint width = MIN (pgm_canvas_get_columns (canvas) - 4, 66);
  g_auto (GStrv) lines = pgm_wrap_text (self->question.text, width);
  guint count = g_strv_length (lines);
  const char *wanted = width >= 44 ? _ ("Type yes and press Enter; Esc leaves it:") : _ ("yes?");
  g_autofree char *answer = self->question.in_full
                                ? g_strdup_printf ("%s %s_", wanted, self->typed->str)
                                : g_strdup (_ ("y: yes; any other key leaves it"));
  Box box = make_box (canvas, width, count + 2);
  guint room = box.rows - 1;

  put_in_box (&box, 0, PGM_STYLE_STRONG, self->question.job_id);
  for (guint i = 0; i < count && i + 1 < room; i++)
    put_in_box (&box, i + 1, PGM_STYLE_PLAIN, lines[i]);
  put_in_box (&box, room, PGM_STYLE_WARNING, answer);
}

static const char *
help_text (void)
{
  return _ ("up down PgUp PgDn Home End   move in a list (also j, k)\n"
            "left right      move long text\n"
            "Tab, 1 to 6     the other panes\n"
            "Enter           in the list of jobs: look at this one\n"
            "/               filter this pane; Esc shows all again\n"
            "s, r            sort the tables by the next column; the other way round\n"
            "space           hold the picture, and go on\n"
            "+ -             less often, more often\n"
            "p               pause the job, or go on with it\n"
            "V               compare both sides while changes flow\n"
            "C               cut over, and back again; while one goes on, call it off\n"
            "S               stop the job\n"
            "Ctrl-L          draw everything anew\n"
            "q               quit; jobs go on\n"
            "\n"
            "Lag: what was written on the source and isn't on the destination yet. "
            "Its curve and that of the speed show a second a column, each against its own "
            "greatest value. A dimmed picture is an old one: its engine doesn't answer.");
}

void
pgm_dashboard_paint_help (PgmDashboard *self, PgmCanvas *canvas)
{
  guint width = MIN (pgm_canvas_get_columns (canvas) - 4, 72);
  g_auto (GStrv) lines = pgm_wrap_text (help_text (), width);
  guint count = g_strv_length (lines);
  Box box = make_box (canvas, width, count);

  self->help.at = MIN (self->help.at, count > box.rows ? count - box.rows : 0);
  for (guint i = 0; i < box.rows && self->help.at + i < count; i++)
    put_in_box (&box, i, PGM_STYLE_PLAIN, lines[self->help.at + i]);
}
