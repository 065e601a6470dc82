/* A job's progress where the user looks: a live picture on a terminal, plain
 * lines in a pipe (both on standard error, results belong to standard output),
 * JSON lines on standard output when asked for JSON. */
#pragma once

#include "cli/command.h"

G_BEGIN_DECLS

typedef struct _PgmProgressView PgmProgressView;

PgmProgressView *pgm_progress_view_new (PgmOutput output);
void pgm_progress_view_free (PgmProgressView *self);

void pgm_progress_view_begin (PgmProgressView *self, const PgmJobSpec *spec);
void pgm_progress_view_show (PgmProgressView *self, PgmSnapshot *snapshot);
/* A line of its own that stays. */
void pgm_progress_view_note (PgmProgressView *self, const char *text);
void pgm_progress_view_end (PgmProgressView *self);

G_END_DECLS
