#include "cli/grid.h"

#include "core/text.h"

#define GAP 2

typedef struct
{
  char *text;
  gboolean right;
} Cell;

struct _PgmGrid
{
  const char *const *headings;
  guint columns;
  GArray *cells;
};

static void
clear_cell (gpointer data)
{
  g_free (((Cell *) data)->text);
}

PgmGrid *
pgm_grid_new (const char *const *headings)
{
  PgmGrid *self = g_new0 (PgmGrid, 1);

  self->headings = headings;
  while (headings[self->columns] != NULL)
    self->columns++;
  self->cells = g_array_new (FALSE, TRUE, sizeof (Cell));
  g_array_set_clear_func (self->cells, clear_cell);
  return self;
}

void
pgm_grid_free (PgmGrid *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->cells);
  g_free (self);
}

void
pgm_grid_add (PgmGrid *self, const char *text)
{
  Cell cell = { pgm_display_text (text != NULL ? text : ""), FALSE };

  g_array_append_val (self->cells, cell);
}

void
pgm_grid_take_right (PgmGrid *self, char *text)
{
  Cell cell = { text != NULL ? text : g_strdup (""), TRUE };

  g_array_append_val (self->cells, cell);
}

static guint
column_width (PgmGrid *self, guint column)
{
  guint width = pgm_text_columns (self->headings[column]);

  for (guint i = column; i < self->cells->len; i += self->columns)
    width = MAX (width, pgm_text_columns (g_array_index (self->cells, Cell, i).text));
  return width;
}

static void
append_spaces (GString *line, guint count)
{
  for (guint i = 0; i < count; i++)
    g_string_append_c (line, ' ');
}

static void
append_cell (GString *line, const char *text, gboolean right, guint width, gboolean last)
{
  guint rest = width - pgm_text_columns (text);

  if (right)
    append_spaces (line, rest);
  g_string_append (line, text);
  if (!last)
    append_spaces (line, (right ? 0 : rest) + GAP);
}

void
pgm_grid_print (PgmGrid *self)
{
  g_autofree guint *widths = g_new (guint, self->columns);
  g_autoptr (GString) line = g_string_new (NULL);

  for (guint column = 0; column < self->columns; column++)
    {
      gboolean right = column < self->cells->len && g_array_index (self->cells, Cell, column).right;

      widths[column] = column_width (self, column);
      append_cell (line, self->headings[column], right, widths[column],
                   column + 1 == self->columns);
    }
  g_print ("%s\n", g_strchomp (line->str));
  for (guint i = 0; i + self->columns <= self->cells->len; i += self->columns)
    {
      g_string_truncate (line, 0);
      for (guint column = 0; column < self->columns; column++)
        {
          const Cell *cell = &g_array_index (self->cells, Cell, i + column);

          append_cell (line, cell->text, cell->right, widths[column], column + 1 == self->columns);
        }
      g_print ("%s\n", g_strchomp (line->str));
    }
}
