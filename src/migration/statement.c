#include "migration/statement.h"

PgmStatement *
pgm_statement_new_take (char *object, char *sql)
{
  PgmStatement *self = g_new (PgmStatement, 1);

  self->object = object;
  self->sql = sql;
  return self;
}

void
pgm_statement_free (PgmStatement *self)
{
  g_free (self->object);
  g_free (self->sql);
  g_free (self);
}

GPtrArray *
pgm_statements_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) pgm_statement_free);
}

static gboolean
is_fatal (PgmConnection *destination, const GError *error)
{
  return pgm_clone_error_is_fatal (error) || pgm_connection_is_lost (destination);
}

static gboolean
run_singly (PgmCloneContext *ctx,
            PgmConnection *destination,
            GPtrArray *statements,
            guint first,
            guint end,
            guint *n_done,
            GCancellable *cancellable,
            GError **error)
{
  for (guint i = first; i < end; i++)
    {
      PgmStatement *statement = g_ptr_array_index (statements, i);
      g_autoptr (GError) local = NULL;

      if (pgm_connection_exec (destination, statement->sql, cancellable, &local))
        {
          (*n_done)++;
          continue;
        }
      if (is_fatal (destination, local))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      pgm_clone_context_problem (ctx, statement->object, statement->sql, local);
    }
  return TRUE;
}

gboolean
pgm_statements_run (PgmCloneContext *ctx,
                    PgmConnection *destination,
                    GPtrArray *statements,
                    guint together,
                    guint *n_done,
                    GCancellable *cancellable,
                    GError **error)
{
  guint done = 0;
  gboolean ok = TRUE;

  for (guint first = 0; ok && first < statements->len; first += together)
    {
      guint end = MIN (first + together, statements->len);
      g_autoptr (GString) sql = g_string_new (NULL);
      g_autoptr (GError) local = NULL;

      for (guint i = first; i < end; i++)
        g_string_append_printf (sql, "%s;\n",
                                ((PgmStatement *) g_ptr_array_index (statements, i))->sql);
      if (pgm_connection_exec (destination, sql->str, cancellable, &local))
        done += end - first;
      else if (is_fatal (destination, local))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          ok = FALSE;
        }
      else
        ok = run_singly (ctx, destination, statements, first, end, &done, cancellable, error);
    }
  if (n_done != NULL)
    *n_done = done;
  return ok;
}
