/* Something that lasts and should be known, as a row: a sign for how bad it is, the
 * text, and at most one button. Hidden while it has no text. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define PGM_TYPE_NOTE_ROW (pgm_note_row_get_type ())
G_DECLARE_FINAL_TYPE (PgmNoteRow, pgm_note_row, PGM, NOTE_ROW, GtkWidget)

typedef enum
{
  PGM_NOTE_INFO,
  PGM_NOTE_GOOD,
  PGM_NOTE_WARNING,
  PGM_NOTE_ERROR,
} PgmNoteLevel;

GtkWidget *pgm_note_row_new (void);

/* @text: plain, also from a server; NULL hides the row. */
void pgm_note_row_show (PgmNoteRow *self, PgmNoteLevel level, const char *text);

/* @label NULL: no button. */
void pgm_note_row_set_action (PgmNoteRow *self, const char *label, const char *action_name);

/* Owned by the row; "" while it is hidden. */
const char *pgm_note_row_get_text (PgmNoteRow *self);

G_END_DECLS
