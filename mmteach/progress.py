"""A progress bar for whatever takes more than a few seconds, if tqdm is installed."""


def progress(iterable, what, total=None, after=3.0):
    """Iterate with a bar that appears only when the work lasts longer than `after` seconds.

    With ``iterable=None`` the bar is a counter: call its ``update()`` and ``close()``.
    """
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return NoBar() if iterable is None else iterable
    return tqdm(iterable, desc=what, total=total, delay=after, leave=False)


class NoBar:
    """A counter that shows nothing."""

    def update(self):
        pass

    def close(self):
        pass
