/* One line of a log, as a list holds it. */
#pragma once

#include <glib-object.h>

#include "model/snapshot.h"

G_BEGIN_DECLS

#define PGM_TYPE_LOG_ROW (pgm_log_row_get_type ())
G_DECLARE_FINAL_TYPE (PgmLogRow, pgm_log_row, PGM, LOG_ROW, GObject)

typedef enum
{
  PGM_LOG_INFO,
  PGM_LOG_WARNING,
  PGM_LOG_ERROR,
} PgmLogLevel;

/* @subject: goes before the message; NULL: nothing does. */
PgmLogRow *pgm_log_row_new (const char *subject, const PgmEvent *event);

PgmLogLevel pgm_log_row_get_level (PgmLogRow *self);
const char *pgm_log_row_get_message (PgmLogRow *self); /* fit to be shown, one line */
const char *pgm_log_row_get_when (PgmLogRow *self);    /* local time of day */

/* @needle: as pgm_table_row_fold() makes it. */
gboolean pgm_log_row_matches (PgmLogRow *self, const char *needle);

/* "2026-01-31T12:00:00 warning message". Transfer full. */
char *pgm_log_row_to_line (PgmLogRow *self);

/* Translated. */
const char *pgm_log_level_to_text (PgmLogLevel level);

G_END_DECLS
