#include "access.h"

#include <adwaita.h>

static gboolean
is_named (GtkWidget *widget)
{
  GtkAccessible *accessible = GTK_ACCESSIBLE (widget);

  return gtk_test_accessible_has_property (accessible, GTK_ACCESSIBLE_PROPERTY_LABEL) ||
         gtk_test_accessible_has_relation (accessible, GTK_ACCESSIBLE_RELATION_LABELLED_BY);
}

/* The buttons inside of these are the toolkit's; the whole bears the name. */
static gboolean
is_of_toolkit (GtkWidget *widget)
{
  return gtk_widget_get_ancestor (widget, GTK_TYPE_DROP_DOWN) != NULL ||
         gtk_widget_get_ancestor (widget, ADW_TYPE_ENTRY_ROW) != NULL ||
         gtk_widget_get_ancestor (widget, ADW_TYPE_VIEW_SWITCHER) != NULL ||
         gtk_widget_get_ancestor (widget, GTK_TYPE_WINDOW_CONTROLS) != NULL;
}

/* Every button that can be seen has a role and a name; @count counts them. */
static void
assert_buttons_named (GtkWidget *widget, guint *count)
{
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    assert_buttons_named (child, count);
  if (!GTK_IS_BUTTON (widget) || !gtk_widget_get_mapped (widget) || is_of_toolkit (widget))
    return;
  /* the button inside a menu button bears the name of the whole */
  if (GTK_IS_MENU_BUTTON (gtk_widget_get_parent (widget)))
    widget = gtk_widget_get_parent (widget);
  else if (!GTK_IS_TOGGLE_BUTTON (widget))
    g_assert_true (
        gtk_test_accessible_has_role (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_ROLE_BUTTON));
  if (!is_named (widget))
    g_error ("a %s with the icon \"%s\" has no accessible name", G_OBJECT_TYPE_NAME (widget),
             GTK_IS_BUTTON (widget) ? gtk_button_get_icon_name (GTK_BUTTON (widget)) : "?");
  (*count)++;
}

guint
access_assert_buttons_named (GtkWidget *widget)
{
  guint count = 0;

  assert_buttons_named (widget, &count);
  return count;
}
