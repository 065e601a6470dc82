/* One job as the window knows it: its line in the list of jobs and, while it lives, its
 * newest picture. The object stays and changes in place ("changed"). */
#pragma once

#include <glib-object.h>

#include "model/job-info.h"

G_BEGIN_DECLS

#define PGM_TYPE_JOB_ITEM (pgm_job_item_get_type ())
G_DECLARE_FINAL_TYPE (PgmJobItem, pgm_job_item, PGM, JOB_ITEM, GObject)

PgmJobItem *pgm_job_item_new (PgmJobInfo *info);
void pgm_job_item_set_info (PgmJobItem *self, PgmJobInfo *info);
void pgm_job_item_set_snapshot (PgmJobItem *self, PgmSnapshot *snapshot);

/* Borrowed; the snapshot is NULL when none has come yet. */
PgmJobInfo *pgm_job_item_get_info (PgmJobItem *self);
PgmSnapshot *pgm_job_item_get_snapshot (PgmJobItem *self);
const char *pgm_job_item_get_id (PgmJobItem *self);

gboolean pgm_job_item_is_running (PgmJobItem *self);

/* "shop@berlin → shop@lisbon" as well as it can be said. Transfer full. */
char *pgm_job_item_get_title (PgmJobItem *self);

/* "Copying rows · 42 %", "Done", "Failed". Transfer full. */
char *pgm_job_item_describe (PgmJobItem *self);

/* 0 to 1. */
double pgm_job_item_get_fraction (PgmJobItem *self);

/* Sign and class for how it stands. */
const char *pgm_job_item_get_icon (PgmJobItem *self);
const char *pgm_job_item_get_css_class (PgmJobItem *self);

G_END_DECLS
