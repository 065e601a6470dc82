/* Asks for a file and writes a text into it; the only place that opens such a dialog. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* @error: NULL when it was written; G_IO_ERROR_CANCELLED when nobody wanted to. */
typedef void (*PgmSavedFunc) (const char *path, const GError *error, gpointer user_data);

/* @widget: in whose window the dialog stands, kept until @func was called. */
void pgm_save_text_async (GtkWidget *widget,
                          const char *title,
                          const char *file_name,
                          const char *text,
                          PgmSavedFunc func,
                          gpointer user_data);

/* The second half of it, without a dialog. */
void pgm_write_text_async (GFile *file, const char *text, PgmSavedFunc func, gpointer user_data);

G_END_DECLS
