#include "comparison.h"

PgmCompareOptions *
comparison_options (gboolean schema, gboolean data)
{
  PgmCompareOptions *options = pgm_record_new (&pgm_compare_options_type);

  options->schema = schema;
  options->data = data;
  return options;
}

PgmReport *
comparison_run (const char *source_uri, const char *destination_uri, PgmCompareOptions *options)
{
  PgmJobSpec *spec = pgm_record_new (&pgm_job_spec_type);
  PgmReport *report = pgm_record_new (&pgm_report_type);
  g_autoptr (PgmProgress) progress = pgm_progress_new ("test", "compare", NULL);
  g_autoptr (GError) error = NULL;
  gboolean ok = FALSE;

  spec->kind = PGM_JOB_COMPARE;
  spec->source = pgm_record_new (&pgm_endpoint_type);
  spec->source->uri = g_strdup (source_uri);
  spec->destination = pgm_record_new (&pgm_endpoint_type);
  spec->destination->uri = g_strdup (destination_uri);
  spec->compare = options != NULL ? options : comparison_options (FALSE, FALSE);
  ok = pgm_compare_run (spec, progress, report, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (ok);
  pgm_record_unref (spec);
  return report;
}

const PgmObjectDifference *
comparison_find_object (PgmReport *report, const char *object_class, const char *identity)
{
  for (guint i = 0; i < report->objects->len; i++)
    {
      const PgmObjectDifference *object = g_ptr_array_index (report->objects, i);

      if (g_str_equal (object->object_class, object_class) &&
          g_str_equal (object->identity, identity))
        return object;
    }
  return NULL;
}

const PgmTableComparison *
comparison_find_table (PgmReport *report, const char *schema, const char *name)
{
  for (guint i = 0; i < report->table_comparisons->len; i++)
    {
      const PgmTableComparison *table = g_ptr_array_index (report->table_comparisons, i);

      if (g_str_equal (table->schema, schema) && g_str_equal (table->name, name))
        return table;
    }
  return NULL;
}

const PgmRowDifference *
comparison_find_row (const PgmTableComparison *table, const char *key)
{
  for (guint i = 0; i < table->rows->len; i++)
    {
      const PgmRowDifference *row = g_ptr_array_index (table->rows, i);

      if (g_str_equal (row->key, key))
        return row;
    }
  return NULL;
}

char *
comparison_describe (PgmReport *report)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < report->objects->len; i++)
    {
      const PgmObjectDifference *object = g_ptr_array_index (report->objects, i);

      g_string_append_printf (text, "%s %s: %s\n< %s\n> %s\n", object->object_class,
                              object->identity, object->state, object->source_ddl,
                              object->destination_ddl);
    }
  for (guint i = 0; i < report->table_comparisons->len; i++)
    {
      const PgmTableComparison *table = g_ptr_array_index (report->table_comparisons, i);

      if (g_str_equal (table->state, "equal"))
        continue;
      g_string_append_printf (text, "%s.%s: %s %s\n", table->schema, table->name, table->state,
                              table->reason != NULL ? table->reason : "");
      for (guint k = 0; k < table->rows->len; k++)
        {
          const PgmRowDifference *row = g_ptr_array_index (table->rows, k);

          g_string_append_printf (text, "  %s: %s\n  < %s\n  > %s\n", row->key, row->state,
                                  row->source_row, row->destination_row);
        }
    }
  return g_string_free (text, FALSE);
}

void
comparison_assert_equal (PgmReport *report)
{
  g_autofree char *text = comparison_describe (report);

  g_assert_cmpstr (text, ==, "");
  g_assert_cmpint (report->outcome, ==, PGM_OUTCOME_DONE);
  g_assert_cmpuint (report->objects->len, ==, 0);
}
