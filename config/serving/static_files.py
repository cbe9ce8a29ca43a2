"""Static files of a deployed site: whitenoise's, compressed, and named after what is in them."""

from whitenoise import storage  # type: ignore[import-untyped]


class StaticFilesStorage(storage.CompressedManifestStaticFilesStorage):
    """Works out each file's address once in a process: a list of the admin shows 200 of them."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.urls: dict[str, str] = {}

    def url(self, name: str, force: bool = False) -> str:
        if name not in self.urls:
            self.urls[name] = super().url(name, force)
        return self.urls[name]
