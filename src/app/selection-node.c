#include "app/selection-node.h"

#include <string.h>

#include "app/table-row.h"

struct _PgmSelectionNode
{
  GObject parent_instance;
  PgmSelectionNode *schema; /* borrowed; NULL for a schema */
  GListStore *tables;       /* of a schema */
  char *name;
  char *folded;
  gint64 rows;
  guint64 bytes;
  gboolean chosen; /* a table */
  guint n_chosen;  /* a schema */
};

G_DEFINE_FINAL_TYPE (PgmSelectionNode, pgm_selection_node, G_TYPE_OBJECT)

enum
{
  CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
pgm_selection_node_finalize (GObject *object)
{
  PgmSelectionNode *self = PGM_SELECTION_NODE (object);

  g_clear_object (&self->tables);
  g_free (self->name);
  g_free (self->folded);
  G_OBJECT_CLASS (pgm_selection_node_parent_class)->finalize (object);
}

static void
pgm_selection_node_class_init (PgmSelectionNodeClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = pgm_selection_node_finalize;
  signals[CHANGED] = g_signal_new ("changed", PGM_TYPE_SELECTION_NODE, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
}

static void
pgm_selection_node_init (PgmSelectionNode *self)
{
}

PgmSelectionNode *
pgm_selection_node_new_schema (const char *name)
{
  PgmSelectionNode *self = g_object_new (PGM_TYPE_SELECTION_NODE, NULL);

  self->name = g_strdup (name);
  self->folded = pgm_table_row_fold (name);
  self->tables = g_list_store_new (PGM_TYPE_SELECTION_NODE);
  return self;
}

PgmSelectionNode *
pgm_selection_node_add_table (PgmSelectionNode *schema, const PgmPlanTable *table)
{
  PgmSelectionNode *self = g_object_new (PGM_TYPE_SELECTION_NODE, NULL);
  g_autofree char *full = g_strdup_printf ("%s.%s", table->schema, table->name);

  self->schema = schema;
  self->name = g_strdup (table->name);
  self->folded = pgm_table_row_fold (full);
  self->rows = table->rows_estimate;
  self->bytes = table->size_bytes;
  self->chosen = TRUE;
  schema->bytes += self->bytes;
  schema->rows = schema->rows < 0 || self->rows < 0 ? -1 : schema->rows + self->rows;
  schema->n_chosen++;
  g_list_store_append (schema->tables, self);
  g_object_unref (self);
  return self;
}

const char *
pgm_selection_node_get_name (PgmSelectionNode *self)
{
  return self->name;
}

gboolean
pgm_selection_node_is_schema (PgmSelectionNode *self)
{
  return self->schema == NULL;
}

gint64
pgm_selection_node_get_rows (PgmSelectionNode *self)
{
  return self->rows;
}

guint64
pgm_selection_node_get_bytes (PgmSelectionNode *self)
{
  return self->bytes;
}

GListModel *
pgm_selection_node_get_tables (PgmSelectionNode *self)
{
  return G_LIST_MODEL (self->tables);
}

static guint
count_tables (PgmSelectionNode *self)
{
  return g_list_model_get_n_items (G_LIST_MODEL (self->tables));
}

PgmChosen
pgm_selection_node_get_chosen (PgmSelectionNode *self)
{
  if (self->schema != NULL)
    return self->chosen ? PGM_CHOSEN_ALL : PGM_CHOSEN_NONE;
  if (self->n_chosen == 0)
    return PGM_CHOSEN_NONE;
  return self->n_chosen == count_tables (self) ? PGM_CHOSEN_ALL : PGM_CHOSEN_SOME;
}

static void
choose_table (PgmSelectionNode *self, gboolean chosen)
{
  if (self->chosen == chosen)
    return;
  self->chosen = chosen;
  if (chosen)
    self->schema->n_chosen++;
  else
    self->schema->n_chosen--;
  g_signal_emit (self, signals[CHANGED], 0);
}

void
pgm_selection_node_set_chosen (PgmSelectionNode *self, gboolean chosen)
{
  PgmSelectionNode *schema = self->schema != NULL ? self->schema : self;

  if (self->schema != NULL)
    choose_table (self, chosen);
  for (guint i = 0; self->schema == NULL && i < count_tables (self); i++)
    {
      g_autoptr (PgmSelectionNode) table = g_list_model_get_item (G_LIST_MODEL (self->tables), i);

      choose_table (table, chosen);
    }
  g_signal_emit (schema, signals[CHANGED], 0);
}

guint
pgm_selection_node_count (PgmSelectionNode *self, guint64 *bytes)
{
  for (guint i = 0; i < count_tables (self); i++)
    {
      g_autoptr (PgmSelectionNode) table = g_list_model_get_item (G_LIST_MODEL (self->tables), i);

      if (table->chosen)
        *bytes += table->bytes;
    }
  return self->n_chosen;
}

gboolean
pgm_selection_node_matches (PgmSelectionNode *self, const char *needle)
{
  if (needle == NULL || strstr (self->folded, needle) != NULL)
    return TRUE;
  for (guint i = 0; self->schema == NULL && i < count_tables (self); i++)
    {
      g_autoptr (PgmSelectionNode) table = g_list_model_get_item (G_LIST_MODEL (self->tables), i);

      if (strstr (table->folded, needle) != NULL)
        return TRUE;
    }
  return FALSE;
}

/* A pattern takes a name literally between double quotes, where one is two. */
static char *
quote (const char *name)
{
  g_auto (GStrv) parts = g_strsplit (name, "\"", -1);
  g_autofree char *doubled = g_strjoinv ("\"\"", parts);

  return g_strdup_printf ("\"%s\"", doubled);
}

void
pgm_selection_node_add_excludes (PgmSelectionNode *self, GStrvBuilder *patterns)
{
  g_autofree char *schema = quote (self->name);
  PgmChosen chosen = pgm_selection_node_get_chosen (self);

  if (chosen == PGM_CHOSEN_NONE)
    g_strv_builder_add (patterns, schema);
  for (guint i = 0; chosen == PGM_CHOSEN_SOME && i < count_tables (self); i++)
    {
      g_autoptr (PgmSelectionNode) table = g_list_model_get_item (G_LIST_MODEL (self->tables), i);
      g_autofree char *name = quote (table->name);
      g_autofree char *pattern = g_strdup_printf ("%s.%s", schema, name);

      if (!table->chosen)
        g_strv_builder_add (patterns, pattern);
    }
}
