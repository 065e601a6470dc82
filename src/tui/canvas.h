/* A picture of the terminal: cells with a character and a style each, drawn without a
 * terminal. What is put on it may come from servers: it goes through
 * pgm_display_text(), is cut to its place, and stays there whatever it consists of.
 * Not for other rooms. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  PGM_STYLE_PLAIN,
  PGM_STYLE_DIM,
  PGM_STYLE_STRONG,
  PGM_STYLE_TITLE,    /* the bars at the top and bottom */
  PGM_STYLE_SELECTED, /* the line that the cursor is on */
  PGM_STYLE_GOOD,
  PGM_STYLE_WARNING,
  PGM_STYLE_BAD,
  PGM_STYLE_GRAPH,
} PgmStyle;

#define PGM_N_STYLES (PGM_STYLE_GRAPH + 1)

typedef struct
{
  char text[24]; /* a character and its marks; "" for the right half of a wide one */
  guint8 columns;
  guint8 style; /* PgmStyle */
} PgmCell;

typedef struct _PgmCanvas PgmCanvas;

/* @ascii: the terminal can't show more; everything else becomes "?". */
PgmCanvas *pgm_canvas_new (guint columns, guint rows, gboolean ascii);
void pgm_canvas_free (PgmCanvas *self);

guint pgm_canvas_get_columns (const PgmCanvas *self);
guint pgm_canvas_get_rows (const PgmCanvas *self);
gboolean pgm_canvas_is_ascii (const PgmCanvas *self);
const PgmCell *pgm_canvas_get_cell (const PgmCanvas *self, guint row, guint column);

/* Writes @text at a place, cut to @width columns with a sign that it goes on. Outside
 * of the canvas nothing happens. Returns the columns that it took. */
guint pgm_canvas_put (PgmCanvas *self,
                      guint row,
                      guint column,
                      guint width,
                      PgmStyle style,
                      const char *text);

/* The same, at the right end of the @width columns. */
void pgm_canvas_put_right (PgmCanvas *self,
                           guint row,
                           guint column,
                           guint width,
                           PgmStyle style,
                           const char *text);

/* Our own drawing, character by character without a check. */
void pgm_canvas_put_drawing (PgmCanvas *self,
                             guint row,
                             guint column,
                             PgmStyle style,
                             const char *character);

void pgm_canvas_clear (PgmCanvas *self, guint row, guint column, guint width, PgmStyle style);

/* @percent of @cells. */
void pgm_canvas_put_bar (PgmCanvas *self, guint row, guint column, guint cells, double percent);

/* Gives all cells of @rows rows from @row on one style. */
void pgm_canvas_restyle (PgmCanvas *self, guint row, guint rows, PgmStyle style);

/* A line without the blanks at its end, as a test or a person reads it. Transfer
 * full. */
char *pgm_canvas_get_line (const PgmCanvas *self, guint row);

/* @text in lines of at most @columns columns, broken between words where that can be.
 * Transfer full. */
GStrv pgm_wrap_text (const char *text, guint columns);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmCanvas, pgm_canvas_free)

G_END_DECLS
