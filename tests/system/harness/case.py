"""Marks a function as a case; its name is what the tables of traps refer to."""


class Skip(Exception):
    """This case can't run here; the text says why."""


class Case:
    def __init__(self, name, function, case_set):
        self.name, self.function, self.set = name, function, case_set


def case(name, set="ci"):  # pylint: disable=redefined-builtin
    def mark(function):
        function.case = Case(name, function, set)
        return function
    return mark


def cases_of(module):
    found = [value.case for value in vars(module).values() if hasattr(value, "case")]
    return sorted(found, key=lambda c: c.function.__code__.co_firstlineno)
