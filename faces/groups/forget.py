"""Remove a person from a folder of groups: cached features, crops, lines of the manifest, then faces, name and steps.

The database is changed last. So after a kill at any moment, a second command still finds the name and does the rest.
The photos that the faces were found in stay known: they are not found in them again.
"""

from collections.abc import Callable, Collection
from pathlib import Path

from data.atomic_write import disk_error
from data.download.forget import Forgotten, digest_of, files_in, remove_folder, unknown
from data.inside import inside
from data.journal import FILE as JOURNAL
from errors import UsageError
from faces.groups.files import write_manifest
from faces.groups.store import Groups


def forget(
    folder: Path,
    name: str,
    *,
    listed: Collection[str] = (),
    forget_photos: Callable[[Collection[str]], object] = lambda photos: None,
) -> Forgotten | None:
    """Remove the person's folder with all files in it, crops wherever they are, and all that was decided about them.

    `listed` are crops of a download's rows about the person, `forget_photos` is as in `data.download.forget`. Returns
    None when a download's folder has no face of the person. Raises UsageError when no group has this name, or the
    photos are the user's own, StorageError when the disk refuses or another process works in the folder.
    """
    with Groups(folder) as groups:
        group = groups.person(name)
        faces = [face for face in groups.faces() if face.path in listed or (group and face.group == group.number)]
        is_download = (folder / JOURNAL).is_file()
        if group is None and not faces:
            if is_download:
                return None
            names = [one.name for one in groups.groups() if one.name is not None]
            raise UsageError(f"{folder} has no group named {name!r}: {unknown(name, names, 'the folders in it')}")
        places = [*(face.path for face in faces), *(target for face, target in groups.targets() if face in faces)]
        crops = [path for place in places if (path := inside(folder, place)) is not None and path.is_file()]
        person = folder / group.folder if group else None
        if crops and not groups.is_of_heap and not is_download:
            own = person or crops[0]
            raise UsageError(f"{folder} is a folder of your own: remove {own} yourself, then forget {name!r} again")
        files = {*crops, *(files_in(person) if person else ())}
        photos = tuple(sorted({face.sha256 for face in faces} | set(map(digest_of, files))))
        forget_photos(photos)
        try:
            for crop in crops:
                crop.unlink(missing_ok=True)
        except OSError as error:
            raise disk_error(folder, error) from error
        if person is not None:
            remove_folder(person)
        if groups.is_of_heap:
            write_manifest(groups, {face.path for face in faces})
        groups.forget(name, faces)
    return Forgotten(rows=len(faces), files=len(files), photos=photos, folder=group.folder if group else name)
