"""A progress bar for whatever takes more than a few seconds, if tqdm is installed."""


def progress(iterable, what, total=None, after=3.0):
    """Iterate with a bar that appears only when the work lasts longer than `after` seconds."""
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return iterable
    return tqdm(iterable, desc=what, total=total, delay=after, leave=False)
