#include "stage.h"

#include <signal.h>
#include <string.h>

#include "app/migration-end.h"
#include "app/table-row.h"
#include "postgres/connection.h"

static PgmEngine *
get_engine (Stage *self)
{
  return pgm_inventory_get_engine (pgm_window_get_inventory (desk_get_window (self->desk)));
}

static void
on_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static gboolean
has_result (Desk *desk, gpointer data)
{
  return *(GAsyncResult **) data != NULL;
}

void
stage_set_up (Stage *self, Desk *desk, gint64 orders)
{
  PgmSampleSpec *spec = pgm_record_new (&pgm_sample_spec_type);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  *self = (Stage){ .desk = desk };
  spec->orders = orders;
  pgm_engine_start_sample_async (get_engine (self), spec, NULL, on_result, &result);
  desk_wait (desk, has_result, &result);
  self->sample = pgm_engine_start_sample_finish (get_engine (self), result, &error);
  g_assert_no_error (error);
  pgm_record_unref (spec);
}

static void
stop_job (Stage *self)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  pgm_engine_stop_job_async (get_engine (self), self->job_id, NULL, on_result, &result);
  desk_wait (self->desk, has_result, &result);
  pgm_engine_stop_job_finish (get_engine (self), result, &error);
  g_assert_no_error (error);
}

void
stage_tear_down (Stage *self)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  if (self->job_id != NULL)
    stop_job (self);
  pgm_engine_stop_sample_async (get_engine (self), self->sample->id, NULL, on_result, &result);
  desk_wait (self->desk, has_result, &result);
  g_assert_true (pgm_engine_stop_sample_finish (get_engine (self), result, &error));
  g_assert_no_error (error);
  g_assert_false (g_file_test (self->sample->directory, G_FILE_TEST_EXISTS));
  pgm_record_unref (self->sample);
  g_free (self->job_id);
}

void
stage_write (Stage *self, int writers)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  pgm_engine_write_sample_async (get_engine (self), self->sample->id, writers, NULL, on_result,
                                 &result);
  desk_wait (self->desk, has_result, &result);
  pgm_record_unref (pgm_engine_write_sample_finish (get_engine (self), result, &error));
  g_assert_no_error (error);
}

PgmMigrationPage *
stage_start (Stage *self, gboolean follow)
{
  PgmJobSpec *spec = pgm_record_new (&pgm_job_spec_type);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  spec->kind = PGM_JOB_CLONE;
  spec->source = pgm_record_new (&pgm_endpoint_type);
  spec->source->uri = g_strdup (self->sample->source_uri);
  spec->destination = pgm_record_new (&pgm_endpoint_type);
  spec->destination->uri = g_strdup (self->sample->destination_uri);
  spec->clone = pgm_record_new (&pgm_clone_options_type);
  if (follow)
    spec->follow = pgm_record_new (&pgm_follow_options_type);
  pgm_engine_start_job_async (get_engine (self), spec, NULL, on_result, &result);
  desk_wait (self->desk, has_result, &result);
  self->job_id = pgm_engine_start_job_finish (get_engine (self), result, &error);
  g_assert_no_error (error);
  pgm_record_unref (spec);
  desk_activate_with (self->desk, "win.show-migration", self->job_id);
  return stage_get_page (self);
}

PgmMigrationPage *
stage_get_page (Stage *self)
{
  GtkWidget *page = pgm_window_get_page (desk_get_window (self->desk));

  g_assert_true (PGM_IS_MIGRATION_PAGE (page));
  return PGM_MIGRATION_PAGE (page);
}

static PgmConnection *
open_session (Stage *self, gboolean source)
{
  const PgmSessionOptions options = { .label = "test" };
  const char *uri = source ? self->sample->source_uri : self->sample->destination_uri;
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmConninfo) conninfo = pgm_conninfo_new (uri, &error);
  PgmConnection *connection;

  g_assert_no_error (error);
  connection = pgm_connection_open (conninfo, &options, NULL, &error);
  g_assert_no_error (error);
  return connection;
}

void
stage_execute (Stage *self, gboolean source, const char *sql)
{
  g_autoptr (PgmConnection) connection = open_session (self, source);
  g_autoptr (GError) error = NULL;

  if (!pgm_connection_exec (connection, sql, NULL, &error))
    g_error ("%s: %s", sql, error->message);
}

void
stage_hold (Stage *self)
{
  g_autoptr (GError) error = NULL;

  self->holder = open_session (self, TRUE);
  if (!pgm_connection_exec (self->holder, "BEGIN; LOCK TABLE shop.products IN ROW EXCLUSIVE MODE",
                            NULL, &error))
    g_error ("%s", error->message);
}

void
stage_release (Stage *self)
{
  pgm_connection_free (self->holder);
  self->holder = NULL;
}

void
stage_choose_fence (Stage *self, PgmFence fence)
{
  PgmCutoverView *view = pgm_migration_page_get_cutover (stage_get_page (self));

  adw_combo_row_set_selected (desk_get_child_of (pgm_cutover_view_get_ask (view), "fence_choice"),
                              (guint) fence);
}

gboolean
stage_has_table (Stage *self, const char *name)
{
  PgmMigrationTables *tables = pgm_migration_page_get_tables (stage_get_page (self));
  GListModel *rows = pgm_table_view_get_rows (pgm_migration_tables_get_view (tables));

  for (guint i = 0; i < g_list_model_get_n_items (rows); i++)
    {
      g_autoptr (PgmTableRow) row = g_list_model_get_item (rows, i);
      const PgmTableProgress *table = pgm_table_row_get_table (row);

      if (g_str_equal (table->schema, name) && g_str_equal (table->name, name))
        return TRUE;
    }
  return FALSE;
}

gboolean
stage_is_page_there (Desk *desk, gpointer stage)
{
  return PGM_IS_MIGRATION_PAGE (pgm_window_get_page (desk_get_window (desk)));
}

gboolean
stage_end_has_failed (Desk *desk, gpointer end)
{
  const char *result = pgm_migration_end_get_result (end);

  return !pgm_migration_end_is_good (end) && *result != '\0' && strstr (result, "…") == NULL;
}

/* The postmaster and all that it has started: one that is stopped alone would go on to
 * answer through its children. */
void
stage_signal (Stage *self, gboolean source, int signal_number)
{
  g_autofree char *path = g_build_filename (
      self->sample->directory, source ? "source" : "destination", "postmaster.pid", NULL);
  g_autofree char *text = NULL;
  g_autofree char *children = NULL;
  g_autofree char *list = NULL;
  g_auto (GStrv) pids = NULL;
  gint64 pid;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  pid = g_ascii_strtoll (text, NULL, 10);
  g_assert_cmpint (pid, >, 1);
  list = g_strdup_printf ("/proc/%d/task/%d/children", (int) pid, (int) pid);
  if (g_file_get_contents (list, &children, NULL, NULL))
    pids = g_strsplit (g_strstrip (children), " ", -1);
  g_assert_cmpint (kill ((pid_t) pid, signal_number), ==, 0);
  for (guint i = 0; pids != NULL && pids[i] != NULL; i++)
    if (signal_number == SIGSTOP || signal_number == SIGCONT)
      kill ((pid_t) g_ascii_strtoll (pids[i], NULL, 10), signal_number);
}

typedef struct
{
  Stage *stage;
  guint wanted;
} Wish;

static gboolean
may_request (Desk *desk, gpointer data)
{
  Wish *wish = data;
  const PgmSnapshot *snapshot = pgm_migration_page_get_snapshot (stage_get_page (wish->stage));

  if (pgm_migration_page_get_report (stage_get_page (wish->stage)) != NULL)
    g_error ("the job has ended: %s",
             pgm_migration_page_get_report (stage_get_page (wish->stage))->error);
  return snapshot != NULL && snapshot->requests != NULL &&
         g_strv_contains ((const char *const *) snapshot->requests,
                          pgm_request_kind_names[wish->wanted]);
}

void
stage_wait_for_request (Stage *self, PgmRequestKind kind)
{
  Wish wish = { self, kind };

  desk_wait (self->desk, may_request, &wish);
}

static gboolean
has_ended (Desk *desk, gpointer data)
{
  return pgm_migration_page_get_report (stage_get_page (data)) != NULL;
}

void
stage_wait_for_end (Stage *self)
{
  desk_wait (self->desk, has_ended, self);
}

static gboolean
is_at_stage (Desk *desk, gpointer data)
{
  Wish *wish = data;
  PgmCutoverView *view = pgm_migration_page_get_cutover (stage_get_page (wish->stage));

  return pgm_cutover_view_get_stage (view) == wish->wanted;
}

void
stage_wait_for_cutover (Stage *self, PgmCutoverStageShown stage)
{
  Wish wish = { self, stage };

  desk_wait (self->desk, is_at_stage, &wish);
}

void
stage_answer (Stage *self, const char *response)
{
  AdwMessageDialog *dialog = pgm_migration_page_get_dialog (stage_get_page (self));

  g_assert_nonnull (dialog);
  adw_message_dialog_response (dialog, response);
}
