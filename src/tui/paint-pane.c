/* The lists of the dashboard: jobs, tables, and those that are text. Only the lines
 * that are seen are drawn. */
#include <string.h>

#include "core/i18n.h"
#include "core/text.h"
#include "core/units.h"
#include "tui/dashboard-private.h"

const char *
pgm_pane_get_title (PgmPane pane)
{
  switch (pane)
    {
    case PGM_PANE_JOBS:
      return _ ("Jobs");
    case PGM_PANE_TABLES:
      return _ ("Tables");
    case PGM_PANE_EVENTS:
      return _ ("Events");
    case PGM_PANE_LOG:
      return _ ("Log");
    case PGM_PANE_CUTOVER:
      return _ ("Cutover");
    case PGM_PANE_COMPARISON:
    default:
      return _ ("Compare");
    }
}

/* Where the columns of a list stand; 0: there is no room for this one. */
typedef struct
{
  guint name;
  guint state;
  guint rows;
  guint size;
  guint percent;
  guint bar;
  guint time;
} TableColumns;

static guint
take (guint *left, guint width)
{
  if (*left < 16 + width + 1)
    return 0;
  *left -= width + 1;
  return width;
}

/* In order of worth; the name gets what is left. */
static TableColumns
arrange_columns (guint columns)
{
  TableColumns self = { 0 };
  guint left = columns;

  self.percent = take (&left, 6);
  self.rows = take (&left, 11);
  self.state = take (&left, 9);
  self.size = take (&left, 9);
  self.time = take (&left, 12);
  self.bar = take (&left, MIN (columns / 5, 24));
  self.name = left;
  return self;
}

typedef struct
{
  PgmCanvas *canvas;
  guint row;
  guint column;
  PgmStyle style;
} Pen;

/* A column of the list: @right: at its right end. */
static void
write_column (Pen *pen, guint width, gboolean right, const char *text)
{
  if (width == 0)
    return;
  if (right)
    pgm_canvas_put_right (pen->canvas, pen->row, pen->column, width, pen->style, text);
  else
    pgm_canvas_put (pen->canvas, pen->row, pen->column, width, pen->style, text);
  pen->column += width + 1;
}

static char *
heading (const PgmDashboard *self, PgmTableOrder order, const char *text, gboolean ascii)
{
  gboolean reversed = pgm_table_list_is_reversed (self->tables);
  gboolean up = order == PGM_TABLE_ORDER_NAME ? !reversed : reversed;

  if (pgm_table_list_get_order (self->tables) != order)
    return g_strdup (text);
  return g_strconcat (text, ascii ? (up ? "^" : "v") : (up ? "▲" : "▼"), NULL);
}

static void
paint_table_heading (PgmDashboard *self, PgmCanvas *canvas, guint row, const TableColumns *columns)
{
  Pen pen = { canvas, row, 0, PGM_STYLE_STRONG };
  gboolean ascii = pgm_canvas_is_ascii (canvas);
  g_autofree char *name = heading (self, PGM_TABLE_ORDER_NAME, _ ("Table"), ascii);
  g_autofree char *state = heading (self, PGM_TABLE_ORDER_STATE, _ ("State"), ascii);
  g_autofree char *size = heading (self, PGM_TABLE_ORDER_SIZE, _ ("Size"), ascii);
  g_autofree char *rows = heading (self, PGM_TABLE_ORDER_ROWS, _ ("Rows"), ascii);
  g_autofree char *percent = heading (self, PGM_TABLE_ORDER_PERCENT, "%", ascii);
  g_autofree char *time = heading (self, PGM_TABLE_ORDER_TIME, _ ("Time"), ascii);

  write_column (&pen, columns->name, FALSE, name);
  write_column (&pen, columns->state, FALSE, state);
  write_column (&pen, columns->size, TRUE, size);
  write_column (&pen, columns->rows, TRUE, rows);
  write_column (&pen, columns->bar, FALSE, "");
  write_column (&pen, columns->percent, TRUE, percent);
  write_column (&pen, columns->time, TRUE, time);
}

static PgmStyle
style_of_table (const PgmTableProgress *table)
{
  switch ((PgmTableStatus) table->status)
    {
    case PGM_TABLE_COPYING:
      return PGM_STYLE_STRONG;
    case PGM_TABLE_PENDING:
      return PGM_STYLE_DIM;
    case PGM_TABLE_COPIED:
    case PGM_TABLE_STREAMING:
    default:
      return PGM_STYLE_PLAIN;
    }
}

/* The part of @text from column @offset on. Transfer full. */
static char *
shift (const char *text, guint offset)
{
  g_autofree char *shown = pgm_display_text (text);

  return g_strdup (pgm_text_at_column (shown, offset, NULL));
}

static void
paint_table (PgmDashboard *self,
             PgmCanvas *canvas,
             guint row,
             const TableColumns *columns,
             const PgmTableProgress *table,
             gboolean selected)
{
  Pen pen = { canvas, row, 0, selected ? PGM_STYLE_SELECTED : style_of_table (table) };
  g_autofree char *name = g_strdup_printf ("%s.%s", table->schema, table->name);
  g_autofree char *seen = shift (name, self->offset);
  g_autofree char *size = pgm_format_bytes (table->size_bytes);
  g_autofree char *rows = pgm_format_count (table->rows_copied);
  g_autofree char *short_rows = pgm_format_short_count (table->rows_copied);
  g_autofree char *percent = g_strdup_printf ("%.0f", table->percent);
  g_autofree char *time = pgm_format_duration (table->elapsed_sec);

  pgm_canvas_clear (canvas, row, 0, pgm_canvas_get_columns (canvas), pen.style);
  write_column (&pen, columns->name, FALSE, seen);
  write_column (&pen, columns->state, FALSE, pgm_table_status_names[table->status]);
  write_column (&pen, columns->size, TRUE, size);
  write_column (&pen, columns->rows, TRUE, strlen (rows) <= columns->rows ? rows : short_rows);
  if (columns->bar > 0)
    {
      pgm_canvas_put_bar (canvas, row, pen.column, columns->bar, table->percent);
      pen.column += columns->bar + 1;
    }
  write_column (&pen, columns->percent, TRUE, percent);
  write_column (&pen, columns->time, TRUE, table->elapsed_sec > 0 ? time : "");
}

/* A heading is worth a line where there are some. */
static PgmRegion
body_of (PgmRegion region)
{
  if (region.rows < 3)
    return region;
  return (PgmRegion){ region.row + 1, region.rows - 1 };
}

static void
paint_empty (PgmCanvas *canvas, PgmRegion body, const char *text)
{
  pgm_canvas_put (canvas, body.row, 0, pgm_canvas_get_columns (canvas), PGM_STYLE_DIM, text);
}

static const char *
no_jobs_text (void)
{
  return _ ("No job is known yet. One that begins appears here.");
}

static void
paint_tables (PgmDashboard *self, PgmCanvas *canvas, PgmRegion region)
{
  TableColumns columns = arrange_columns (pgm_canvas_get_columns (canvas));
  PgmRegion body = body_of (region);
  PgmCursor *cursor = &self->cursors[PGM_PANE_TABLES];
  guint length = pgm_table_list_get_length (self->tables);

  if (body.row > region.row)
    paint_table_heading (self, canvas, region.row, &columns);
  self->rows_seen[PGM_PANE_TABLES] = body.rows;
  pgm_cursor_fit (cursor, length, body.rows);
  if (self->jobs->len == 0)
    paint_empty (canvas, body, no_jobs_text ());
  else if (length == 0)
    paint_empty (canvas, body,
                 self->filters[PGM_PANE_TABLES] != NULL ? _ ("No table fits the filter.")
                                                        : _ ("No tables are known yet."));
  for (guint i = 0; i < body.rows && cursor->top + i < length; i++)
    paint_table (self, canvas, body.row + i, &columns,
                 pgm_table_list_get (self->tables, cursor->top + i), cursor->top + i == cursor->at);
}

static PgmStyle
style_of_job (const PgmJobView *job, gint64 now)
{
  switch (pgm_job_view_get_standing (job, now))
    {
    case PGM_STANDING_RUNNING:
      return pgm_job_view_get_phase (job) == PGM_PHASE_PAUSED ? PGM_STYLE_WARNING : PGM_STYLE_PLAIN;
    case PGM_STANDING_SILENT:
    case PGM_STANDING_CUT_OFF:
      return PGM_STYLE_WARNING;
    case PGM_STANDING_ELSEWHERE:
    case PGM_STANDING_CREATED:
    case PGM_STANDING_ENDED:
    case PGM_STANDING_LOST:
    default:
      return PGM_STYLE_DIM;
    }
}

/* Narrow terminals show what it is and how it stands. */
static void
paint_job_line (PgmDashboard *self,
                PgmCanvas *canvas,
                guint row,
                const PgmJobView *job,
                gboolean selected)
{
  guint columns = pgm_canvas_get_columns (canvas);
  guint id_width = columns >= 80 ? 24 : columns >= 50 ? 18 : columns / 2;
  Pen pen = { canvas, row, 0, selected ? PGM_STYLE_SELECTED : style_of_job (job, self->shown_at) };
  g_autofree char *began = NULL;

  pgm_canvas_clear (canvas, row, 0, columns, pen.style);
  write_column (&pen, id_width, FALSE, job->id);
  if (columns >= 50)
    write_column (&pen, 8, FALSE, job->info != NULL ? job->info->kind : "");
  write_column (&pen, 12, FALSE, pgm_job_view_get_label (job, self->shown_at));
  if (columns >= 80)
    {
      g_autofree char *percent =
          job->shown != NULL ? g_strdup_printf ("%.0f %%", job->shown->percent) : g_strdup ("");

      write_column (&pen, 5, TRUE, percent);
    }
  if (pen.column + 8 < columns && job->info != NULL && job->info->source != NULL)
    {
      g_autofree char *ends =
          g_strdup_printf ("%s %s %s", job->info->source, pgm_canvas_is_ascii (canvas) ? "->" : "→",
                           job->info->destination != NULL ? job->info->destination : "");
      g_autofree char *seen = shift (ends, self->offset);

      write_column (&pen, columns - pen.column, FALSE, seen);
    }
}

static void
paint_jobs (PgmDashboard *self, PgmCanvas *canvas, PgmRegion region)
{
  g_autoptr (GPtrArray) jobs = pgm_dashboard_list_jobs (self);
  PgmCursor *cursor = &self->cursors[PGM_PANE_JOBS];
  guint at;

  if (g_ptr_array_find (jobs, pgm_dashboard_get_view (self), &at))
    cursor->at = at;
  self->rows_seen[PGM_PANE_JOBS] = region.rows;
  pgm_cursor_fit (cursor, jobs->len, region.rows);
  if (jobs->len == 0)
    paint_empty (canvas, region,
                 self->jobs->len > 0 ? _ ("No job fits the filter.") : no_jobs_text ());
  for (guint i = 0; i < region.rows && cursor->top + i < jobs->len; i++)
    paint_job_line (self, canvas, region.row + i, g_ptr_array_index (jobs, cursor->top + i),
                    cursor->top + i == cursor->at);
}

static const char *
empty_text (PgmPane pane, gboolean filtered)
{
  if (filtered)
    return _ ("Nothing fits the filter.");
  switch (pane)
    {
    case PGM_PANE_EVENTS:
      return _ ("No events yet.");
    case PGM_PANE_CUTOVER:
      return _ ("No cutover yet; C begins one.");
    case PGM_PANE_COMPARISON:
      return _ ("Both sides weren't compared yet; V begins it.");
    case PGM_PANE_JOBS:
    case PGM_PANE_TABLES:
    case PGM_PANE_LOG:
    default:
      return _ ("No errors, and nothing was asked for from here.");
    }
}

static void
paint_lines (PgmDashboard *self, PgmCanvas *canvas, PgmPane pane, PgmRegion region)
{
  g_autoptr (GPtrArray) lines = pgm_dashboard_list_lines (self, pane);
  guint columns = pgm_canvas_get_columns (canvas);
  PgmCursor *cursor = &self->cursors[pane];

  self->rows_seen[pane] = region.rows;
  pgm_cursor_fit (cursor, lines->len, region.rows);
  if (lines->len == 0)
    paint_empty (canvas, region, empty_text (pane, self->filters[pane] != NULL));
  for (guint i = 0; i < region.rows && cursor->top + i < lines->len; i++)
    {
      const PgmLine *line = g_ptr_array_index (lines, cursor->top + i);
      PgmStyle style = cursor->top + i == cursor->at ? PGM_STYLE_SELECTED : line->style;
      g_autofree char *seen = shift (line->text, self->offset);

      pgm_canvas_clear (canvas, region.row + i, 0, columns, style);
      pgm_canvas_put (canvas, region.row + i, 0, columns, style, seen);
    }
}

void
pgm_dashboard_paint_pane (PgmDashboard *self, PgmCanvas *canvas, PgmPane pane, PgmRegion region)
{
  if (region.rows == 0)
    return;
  if (pane == PGM_PANE_TABLES)
    paint_tables (self, canvas, region);
  else if (pane == PGM_PANE_JOBS)
    paint_jobs (self, canvas, region);
  else
    paint_lines (self, canvas, pane, region);
}
