#include "tui/canvas.h"

#include <string.h>

#include "core/text.h"

/* Closes a run of letters that are written from right to left: a terminal that orders
 * them would else move the numbers and lines behind them, too. It takes no column. */
#define LEFT_TO_RIGHT_MARK "\342\200\216"

struct _PgmCanvas
{
  guint columns;
  guint rows;
  gboolean ascii;
  PgmCell *cells;
};

static void
fill_cell (PgmCell *cell, PgmStyle style, const char *text, guint columns)
{
  g_strlcpy (cell->text, text, sizeof cell->text);
  cell->columns = (guint8) columns;
  cell->style = (guint8) style;
}

PgmCanvas *
pgm_canvas_new (guint columns, guint rows, gboolean ascii)
{
  PgmCanvas *self = g_new0 (PgmCanvas, 1);

  self->columns = columns;
  self->rows = rows;
  self->ascii = ascii;
  self->cells = g_new0 (PgmCell, (gsize) columns * rows);
  for (gsize i = 0; i < (gsize) columns * rows; i++)
    fill_cell (&self->cells[i], PGM_STYLE_PLAIN, " ", 1);
  return self;
}

void
pgm_canvas_free (PgmCanvas *self)
{
  if (self == NULL)
    return;
  g_free (self->cells);
  g_free (self);
}

guint
pgm_canvas_get_columns (const PgmCanvas *self)
{
  return self->columns;
}

guint
pgm_canvas_get_rows (const PgmCanvas *self)
{
  return self->rows;
}

gboolean
pgm_canvas_is_ascii (const PgmCanvas *self)
{
  return self->ascii;
}

static PgmCell *
cell_at (const PgmCanvas *self, guint row, guint column)
{
  return &self->cells[(gsize) row * self->columns + column];
}

const PgmCell *
pgm_canvas_get_cell (const PgmCanvas *self, guint row, guint column)
{
  return cell_at (self, row, column);
}

/* The other half of a wide character that is about to be written over goes, too. */
static void
release_cell (PgmCanvas *self, guint row, guint column)
{
  PgmCell *cell = cell_at (self, row, column);

  if (cell->columns == 0 && column > 0)
    fill_cell (cell - 1, (PgmStyle) (cell - 1)->style, " ", 1);
  else if (cell->columns == 2)
    fill_cell (cell + 1, (PgmStyle) cell->style, " ", 1);
}

static void
set_cell (PgmCanvas *self, guint row, guint column, PgmStyle style, const char *text)
{
  release_cell (self, row, column);
  fill_cell (cell_at (self, row, column), style, text, 1);
}

static void
set_wide_cell (PgmCanvas *self, guint row, guint column, PgmStyle style, const char *text)
{
  release_cell (self, row, column);
  release_cell (self, row, column + 1);
  fill_cell (cell_at (self, row, column), style, text, 2);
  fill_cell (cell_at (self, row, column + 1), style, "", 0);
}

void
pgm_canvas_clear (PgmCanvas *self, guint row, guint column, guint width, PgmStyle style)
{
  if (row >= self->rows)
    return;
  for (guint i = column; i < self->columns && i - column < width; i++)
    set_cell (self, row, i, style, " ");
}

/* Hebrew, Arabic and their relatives. */
static gboolean
is_right_to_left (const char *text)
{
  gunichar character = g_utf8_get_char (text);

  return (character >= 0x590 && character <= 0x8ff) ||
         (character >= 0xfb1d && character <= 0xfdff) ||
         (character >= 0xfe70 && character <= 0xfeff) ||
         (character >= 0x10800 && character <= 0x10fff) ||
         (character >= 0x1e800 && character <= 0x1efff);
}

/* Of @columns cells from @column on. */
static void
close_right_to_left (PgmCanvas *self, guint row, guint column, guint columns)
{
  for (guint i = column; i < column + columns; i++)
    {
      PgmCell *cell = cell_at (self, row, i);
      gboolean last = i + 1 == column + columns || !is_right_to_left ((cell + 1)->text);

      if (is_right_to_left (cell->text) && last)
        g_strlcat (cell->text, LEFT_TO_RIGHT_MARK, sizeof cell->text);
    }
}

/* Writes what has at most as many columns as there are. */
static void
write_cells (PgmCanvas *self, guint row, guint column, PgmStyle style, const char *text)
{
  guint place = column;

  while (*text != '\0')
    {
      guint own = pgm_character_columns (g_utf8_get_char (text));
      const char *next = text + g_utf8_skip[(guchar) *text];
      const char *end = next;
      g_autofree char *cluster = NULL;

      while (*end != '\0' && pgm_character_columns (g_utf8_get_char (end)) == 0)
        end += g_utf8_skip[(guchar) *end];
      cluster = g_strndup (text, (gsize) ((self->ascii ? next : end) - text));
      if (self->ascii && (guchar) *text >= 0x80)
        for (guint i = 0; i < own; i++)
          set_cell (self, row, place + i, style, "?");
      else if (own == 2)
        set_wide_cell (self, row, place, style, cluster);
      else
        set_cell (self, row, place, style, cluster);
      place += own;
      text = end;
    }
  close_right_to_left (self, row, column, place - column);
}

guint
pgm_canvas_put (PgmCanvas *self,
                guint row,
                guint column,
                guint width,
                PgmStyle style,
                const char *text)
{
  g_autofree char *shown = pgm_display_text (text != NULL ? text : "");
  const char *more = self->ascii ? "~" : "…";
  guint used;
  const char *end;

  if (row >= self->rows || column >= self->columns || width == 0)
    return 0;
  width = MIN (width, self->columns - column);
  end = pgm_text_at_column (shown, width, &used);
  if (*end == '\0')
    {
      write_cells (self, row, column, style, shown);
      return used;
    }
  end = pgm_text_at_column (shown, width - 1, &used);
  shown[end - shown] = '\0';
  write_cells (self, row, column, style, shown);
  pgm_canvas_put_drawing (self, row, column + used, style, more);
  return used + 1;
}

void
pgm_canvas_put_right (PgmCanvas *self,
                      guint row,
                      guint column,
                      guint width,
                      PgmStyle style,
                      const char *text)
{
  g_autofree char *shown = pgm_display_text (text);
  guint columns = pgm_text_columns (shown);

  if (columns < width)
    pgm_canvas_put (self, row, column + width - columns, columns, style, text);
  else
    pgm_canvas_put (self, row, column, width, style, text);
}

void
pgm_canvas_put_drawing (PgmCanvas *self,
                        guint row,
                        guint column,
                        PgmStyle style,
                        const char *character)
{
  if (row < self->rows && column < self->columns)
    set_cell (self, row, column, style, character);
}

void
pgm_canvas_put_bar (PgmCanvas *self, guint row, guint column, guint cells, double percent)
{
  static const char *const parts[] = { "░", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█" };
  double share = percent >= 0 && percent <= 100 ? percent : percent > 100 ? 100 : 0;
  guint eighths = (guint) (share / 100 * cells * 8 + 0.5);

  for (guint i = 0; i < cells; i++)
    {
      guint filled = eighths > i * 8 ? MIN (eighths - i * 8, 8) : 0;

      pgm_canvas_put_drawing (self, row, column + i, PGM_STYLE_GRAPH,
                              !self->ascii  ? parts[filled]
                              : filled >= 4 ? "#"
                                            : ".");
    }
}

void
pgm_canvas_restyle (PgmCanvas *self, guint row, guint rows, PgmStyle style)
{
  for (guint i = row; i < self->rows && i - row < rows; i++)
    for (guint column = 0; column < self->columns; column++)
      cell_at (self, i, column)->style = (guint8) style;
}

char *
pgm_canvas_get_line (const PgmCanvas *self, guint row)
{
  g_autoptr (GString) line = g_string_new (NULL);

  for (guint column = 0; column < self->columns; column++)
    g_string_append (line, cell_at (self, row, column)->text);
  return g_strchomp (g_string_free (g_steal_pointer (&line), FALSE));
}

/* Where a line of @text ends: at the last blank that fits, or where it must. */
static const char *
line_end (const char *text, guint columns)
{
  const char *end = pgm_text_at_column (text, columns, NULL);
  const char *blank = end;

  if (*end == '\0' || *end == ' ')
    return end;
  while (blank > text && *blank != ' ')
    blank--;
  if (blank > text)
    return blank;
  return end > text ? end : text + g_utf8_skip[(guchar) *text];
}

GStrv
pgm_wrap_text (const char *text, guint columns)
{
  g_autoptr (GStrvBuilder) lines = g_strv_builder_new ();
  g_auto (GStrv) given = g_strsplit (text, "\n", -1);

  for (guint i = 0; given[i] != NULL; i++)
    {
      g_autofree char *shown = pgm_display_text (given[i]);
      const char *rest = shown;

      do
        {
          const char *end = line_end (rest, columns);
          g_autofree char *line = g_strndup (rest, (gsize) (end - rest));

          g_strv_builder_add (lines, line);
          rest = end;
          while (*rest == ' ')
            rest++;
        }
      while (*rest != '\0');
    }
  return g_strv_builder_end (lines);
}
