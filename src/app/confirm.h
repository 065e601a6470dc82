/* Asks before something that can't be undone easily; the only place that opens such a
 * dialog. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

typedef enum
{
  PGM_CONFIRM_CANCEL,
  PGM_CONFIRM_ACCEPT,
  PGM_CONFIRM_OTHER,
} PgmConfirmAnswer;

typedef struct
{
  const char *heading;
  const char *body;   /* plain text */
  const char *accept; /* with a mnemonic */
  const char *other;  /* a second way to go on, or NULL */
  gboolean destructive;
} PgmConfirmQuestion;

typedef void (*PgmConfirmFunc) (PgmConfirmAnswer answer, gpointer user_data);

/* @widget: in whose window it stands. Transfer none: the dialog, for looking at. */
AdwMessageDialog *pgm_confirm_async (GtkWidget *widget,
                                     const PgmConfirmQuestion *question,
                                     PgmConfirmFunc func,
                                     gpointer user_data);

G_END_DECLS
