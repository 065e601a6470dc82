#include "notice-board.h"

struct _NoticeBoard
{
  GDBusConnection *connection;
  guint name;
  guint object;
  GHashTable *notices; /* id → printed */
};

static const char interface[] =
    "<node><interface name='org.gtk.Notifications'>"
    "<method name='AddNotification'><arg type='s' direction='in'/><arg type='s' direction='in'/>"
    "<arg type='a{sv}' direction='in'/></method>"
    "<method name='RemoveNotification'><arg type='s' direction='in'/>"
    "<arg type='s' direction='in'/></method></interface></node>";

static void
on_call (GDBusConnection *connection,
         const char *sender,
         const char *path,
         const char *interface_name,
         const char *method,
         GVariant *parameters,
         GDBusMethodInvocation *invocation,
         gpointer user_data)
{
  NoticeBoard *self = user_data;
  g_autoptr (GVariant) id = g_variant_get_child_value (parameters, 1);

  if (g_str_equal (method, "RemoveNotification"))
    g_hash_table_remove (self->notices, g_variant_get_string (id, NULL));
  else
    {
      g_autoptr (GVariant) notice = g_variant_get_child_value (parameters, 2);

      g_hash_table_insert (self->notices, g_variant_dup_string (id, NULL),
                           g_variant_print (notice, FALSE));
    }
  g_dbus_method_invocation_return_value (invocation, NULL);
}

static void
on_name (GDBusConnection *connection, const char *name, gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
}

NoticeBoard *
notice_board_open (void)
{
  NoticeBoard *self = g_new0 (NoticeBoard, 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusNodeInfo) info = g_dbus_node_info_new_for_xml (interface, &error);
  const GDBusInterfaceVTable table = { .method_call = on_call };
  gboolean owned = FALSE;

  g_assert_no_error (error);
  g_setenv ("GNOTIFICATION_BACKEND", "gtk", TRUE);
  self->notices = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->connection = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, &error);
  g_assert_no_error (error);
  self->object = g_dbus_connection_register_object (
      self->connection, "/org/gtk/Notifications", info->interfaces[0], &table, self, NULL, &error);
  g_assert_no_error (error);
  self->name =
      g_bus_own_name_on_connection (self->connection, "org.gtk.Notifications",
                                    G_BUS_NAME_OWNER_FLAGS_NONE, on_name, NULL, &owned, NULL);
  while (!owned)
    g_main_context_iteration (NULL, TRUE);
  return self;
}

void
notice_board_close (NoticeBoard *self)
{
  g_bus_unown_name (self->name);
  g_dbus_connection_unregister_object (self->connection, self->object);
  g_object_unref (self->connection);
  g_hash_table_unref (self->notices);
  g_free (self);
}

char *
notice_board_look (NoticeBoard *self, const char *id)
{
  return g_strdup (g_hash_table_lookup (self->notices, id));
}
