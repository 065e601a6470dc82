/* A place for what an engine answers to one question, in whatever state that is:
 * waiting for the first answer, no answer, nothing to show, shown, or shown but old. Then
 * the last answer stays, dimmed, with its age and the reason above it.
 *
 * It owns the question: one at a time, cancelled when the view goes. */
#pragma once

#include <adwaita.h>

#include "engine/engine.h"

G_BEGIN_DECLS

#define PGM_TYPE_STATE_VIEW (pgm_state_view_get_type ())
G_DECLARE_FINAL_TYPE (PgmStateView, pgm_state_view, PGM, STATE_VIEW, AdwBin)

typedef enum
{
  PGM_STATE_LOADING,
  PGM_STATE_ERROR,
  PGM_STATE_EMPTY,
  PGM_STATE_READY,
  PGM_STATE_STALE, /* shown, but the last question has had no answer */
} PgmState;

/* The answer is borrowed. FALSE: there is nothing in it to show. */
typedef gboolean (*PgmAnswerFunc) (gpointer answer, gpointer user_data);

PgmStateView *pgm_state_view_new (GtkWidget *content);

/* What an empty answer shows. @action: of the button, or NULL for none. */
void pgm_state_view_set_empty (PgmStateView *self,
                               const char *icon,
                               const char *title,
                               const char *description,
                               const char *button,
                               const char *action);

/* What is asked from now on. @user_data must live as long as the view. */
void pgm_state_view_set_question (PgmStateView *self,
                                  PgmEngine *engine,
                                  PgmAsk ask,
                                  const char *id,
                                  PgmAnswerFunc func,
                                  gpointer user_data);

/* Asks, unless an answer is already awaited. @request: a record, or NULL. */
void pgm_state_view_ask (PgmStateView *self, gpointer request);

/* Forgets what was shown and asks, whatever was awaited: for another request. */
void pgm_state_view_ask_anew (PgmStateView *self, gpointer request);

/* The same without a question: what somebody else has found out. */
void pgm_state_view_show_ready (PgmStateView *self, gboolean something);
void pgm_state_view_show_error (PgmStateView *self, const GError *error);

PgmState pgm_state_view_get_state (PgmStateView *self);

/* Of g_get_real_time(); 0: none yet. */
gint64 pgm_state_view_get_answered_at (PgmStateView *self);

G_END_DECLS
