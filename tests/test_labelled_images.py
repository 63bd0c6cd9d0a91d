import pytest

from digitnet.errors import DataError
from digitnet.labelled_images import find_labelled_images


@pytest.fixture
def folder(tmp_path):
    def make(*names):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
        return tmp_path

    return make


def _found(result, root):
    return {i.path.relative_to(root).as_posix(): (i.label, i.source) for i in result.images}


@pytest.mark.parametrize(
    ("name", "label", "source"),
    [
        # the folder's name is a number
        ("set/7/a.png", "7", "set"),
        ("set/042/a.jpg", "042", "set"),
        ("set/7/anna__3.png", "7", "anna"),
        ("set/7/anna__pen__3.png", "7", "anna"),
        ("set/7/3_anna.png", "7", "set"),
        ("set/7/no-ending", "7", "set"),
        # else the file's name begins with one
        ("set/42_a.png", "42", "set"),
        ("set/42-a.png", "42", "set"),
        ("set/42.PNG", "42", "set"),
        ("set/10000__bank__7.jpg", "10000", "bank"),
        ("set/10000__bank.jpg", "10000", "set"),
        ("set/ben/007__a.jpg", "007", "ben"),
        ("set/seven/7_a.tif", "7", "seven"),  # no type that is read, but that is for the reader to say
        # or a folder says that there is none
        ("set/nondigit/7_a.png", "", "nondigit"),
        ("set/Non-Digits/letters/anna__A.png", "", "anna"),
        ("set/negative/7/a.png", "", "7"),
        ("set/not_digits/a.jpeg", "", "not_digits"),
    ],
)
def test_labels_and_sources(folder, name, label, source):
    root = folder(name)
    assert _found(find_labelled_images([root / "set"]), root) == {name: (label, source)}


def test_the_folder_itself_may_be_the_label_or_say_that_there_is_none(folder):
    root = folder("set/7/a.png", "negatives/b.png")
    assert _found(find_labelled_images([root / "set" / "7"]), root) == {"set/7/a.png": ("7", "set")}
    assert _found(find_labelled_images([root / "negatives"]), root) == {"negatives/b.png": ("", "negatives")}


def test_non_digits_may_lie_anywhere_and_count_once(folder):
    root = folder("set/7/a.png", "set/letters/4_b.png", "set/letters/c.png", "set/letters/readme.txt")
    result = find_labelled_images([root / "set", root / "set" / "7"], [root / "set" / "letters"])
    assert _found(result, root) == {
        "set/7/a.png": ("7", "set"),
        "set/letters/4_b.png": ("", "letters"),
        "set/letters/c.png": ("", "letters"),
    }
    assert [image.group for image in result.images] == ["set", "letters", "letters"]
    assert [path.name for path in result.others] == ["readme.txt"]


def test_what_has_no_label_is_named(folder):
    root = folder(
        *("set/7/a.png", "set/b.png", "set/IMG_1234.JPG", "set/x7_.png", "set/4a.png"),
        *("set/README.md", "set/.hidden/7/c.png", "set/7/.d.png", "set/٧/e.png"),
    )
    result = find_labelled_images([root / "set"])
    assert list(_found(result, root)) == ["set/7/a.png"]
    assert {path.name for path in result.unlabelled} == {
        "b.png",
        "IMG_1234.JPG",
        "x7_.png",
        "4a.png",
        "e.png",
    }
    assert [path.name for path in result.others] == ["README.md"]


def test_folders_of_the_same_name_are_told_apart(folder):
    root = folder("one/set/7/a.png", "two/set/7/a.png", "other/7/a.png")
    groups = [
        i.group for i in find_labelled_images([root / "one/set", root / "two/set", root / "other"]).images
    ]
    assert groups == [str(root / "one/set"), str(root / "two/set"), "other"]


def test_folders_without_labels_are_refused_in_sentences(folder):
    root = folder("set/b.png", "empty/.keep", "file.png")
    with pytest.raises(DataError, match=r"no picture there has a label.*7/"):
        find_labelled_images([root / "set"])
    with pytest.raises(DataError, match="label"):
        find_labelled_images([root / "empty"])
    with pytest.raises(DataError, match="is no folder"):
        find_labelled_images([root / "absent"])
    with pytest.raises(DataError, match="is no folder"):
        find_labelled_images([], [root / "file.png"])
