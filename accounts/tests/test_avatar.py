"""A person's picture: whatever is uploaded, only pixels survive."""

import io
import struct
import zlib
from functools import partial
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import ExifTags, Image

from accounts import avatars
from accounts.models import Avatar, User
from config.tests.at_once import at_once

pytestmark = pytest.mark.django_db

RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.fixture
def alice_signed_in(client, alice):
    client.force_login(alice)
    return client


def upload(client, content, name="me.png"):
    file = SimpleUploadedFile(name, content, content_type="text/html")
    return client.post("/account/avatar/", {"image": file})


def stored():
    """The one picture that is kept."""
    return Image.open(io.BytesIO(Avatar.objects.get().image))


def refusal(page):
    assert not Avatar.objects.exists()
    return page.context["avatar_form"].errors["image"][0]


def drawn(mode="RGB", size=(64, 64), color=RED, kind="PNG", **options):
    """Return a file of one color."""
    file = io.BytesIO()
    Image.new(mode, size, color).save(file, kind, **options)
    return file.getvalue()


def png(width, height, *, depth=8, rows=b""):
    """Return a PNG written by hand: its header may promise what no encoder would write."""
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )


def near(pixel, color):
    return all(abs(one - other) < 12 for one, other in zip(pixel[:3], color, strict=True))


@pytest.mark.parametrize(
    ("content", "color"),
    [
        (drawn(kind="JPEG"), RED),
        (drawn(kind="WEBP"), RED),
        (drawn(mode="RGBA", color=(*RED, 128)), RED),
        (drawn(mode="LA", color=(90, 128)), (90, 90, 90)),
        (drawn(mode="P", color=0), (0, 0, 0)),
        (drawn(mode="1", color=1), (255, 255, 255)),
        (drawn(mode="CMYK", color=(0, 255, 255, 0), kind="JPEG"), RED),
        (drawn(mode="I;16", color=30_000), (117, 117, 117)),
        (drawn(size=(1, 1)), RED),
        (drawn(size=(3, 900)), RED),
        (drawn(save_all=True, append_images=[Image.new("RGB", (64, 64), BLUE)]), RED),
        (drawn(kind="WEBP", save_all=True, append_images=[Image.new("RGB", (64, 64), BLUE)]), RED),
        (drawn(kind="MPO", save_all=True, append_images=[Image.new("RGB", (64, 64), BLUE)]), RED),
    ],
    ids=[
        *("jpeg", "webp", "transparent", "gray and transparent", "palette", "bilevel", "cmyk"),
        *("16 bits", "one pixel", "a thread", "animated png", "animated webp"),
        "a phone's jpeg",
    ],
)
def test_every_kind_of_picture_becomes_the_same_small_webp(alice_signed_in, content, color):
    response = upload(alice_signed_in, content, name="anything.html")
    assert response.headers["Location"] == "/account/"
    picture = stored()
    assert (picture.format, picture.size, getattr(picture, "n_frames", 1)) == (
        "WEBP",
        (256, 256),
        1,
    )
    assert near(picture.convert("RGBA").getpixel((128, 128)), color)


def test_the_middle_is_kept_upright(alice_signed_in):
    picture = Image.new("RGB", (300, 100), RED)
    picture.paste(BLUE, (100, 0, 150, 100))  # the left half of the middle
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # the camera was turned: what is left belongs on top
    file = io.BytesIO()
    picture.save(file, "JPEG", exif=exif, quality=95)
    upload(alice_signed_in, file.getvalue())
    kept = stored().convert("RGB")
    assert near(kept.getpixel((128, 40)), BLUE)
    assert near(kept.getpixel((128, 216)), RED)


def test_nothing_but_pixels_survives(alice_signed_in):
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "SECRET place"
    metadata = {"exif": exif, "icc_profile": b"SECRET profile", "comment": b"SECRET comment"}
    page = b"<script>SECRET()</script>"
    upload(alice_signed_in, drawn(kind="JPEG", **metadata) + page)
    kept = bytes(Avatar.objects.get().image)
    assert b"SECRET" not in kept
    assert not {b"EXIF", b"ICCP", b"XMP "} & {kept[at : at + 4] for at in range(len(kept))}


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
GIF = drawn(mode="P", color=0, kind="GIF")


@pytest.mark.parametrize(
    "content",
    [
        *(SVG, b"<!DOCTYPE html><p>", GIF, b"%PDF-1.7", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP"),
        *(drawn(kind="JPEG")[:-40], drawn(size=(200, 200))[:-60], drawn(kind="WEBP")[:-10]),
        png(8, 8, rows=b"short"),
        png(8, 8, depth=7),
    ],
)
def test_what_is_no_whole_picture_is_refused(alice_signed_in, content):
    assert "not a JPEG, PNG or WebP" in refusal(upload(alice_signed_in, content))


@pytest.mark.parametrize("size", [(3001, 3000), (60_000, 60_000), (2**31 - 1, 1)])
def test_a_bomb_is_refused_before_it_is_decoded(alice_signed_in, monkeypatch, size):
    monkeypatch.setattr(avatars, "_webp", lambda picture: pytest.fail("decoded"))
    page = upload(alice_signed_in, png(*size, rows=b"\0"))
    assert "too many pixels" in refusal(page)


def test_more_than_two_megabytes_are_refused_in_the_form(alice_signed_in):
    page = upload(alice_signed_in, drawn() + bytes(avatars.MAX_BYTES))
    assert "2 MB at most" in refusal(page)


@pytest.mark.parametrize("form", [{}, {"image": ""}, {"image": "no file"}])
def test_a_form_without_a_file_says_so(alice_signed_in, form):
    assert "required" in refusal(alice_signed_in.post("/account/avatar/", form))


def test_ten_megabytes_are_refused_before_they_are_read(alice_signed_in):
    page = upload(alice_signed_in, bytes(10 * 1024 * 1024))
    assert page.status_code == 413
    assert "That was too large" in page.text
    typed = alice_signed_in.post("/account/profile/", {"name": "x" * 10 * 1024 * 1024})
    assert typed.status_code == 413


def test_a_picture_is_served_as_a_picture_and_nothing_else(alice_signed_in, alice):
    upload(alice_signed_in, drawn())
    alice.refresh_from_db()
    response = alice_signed_in.get(f"/avatars/{alice.avatar_id}.webp")
    assert response.content == bytes(Avatar.objects.get().image)
    headers = response.headers
    assert headers["Content-Type"] == "image/webp"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert "Vary" not in headers


def test_serving_a_picture_reads_no_session(alice_signed_in, alice, django_assert_num_queries):
    alice.change_avatar(b"picture")
    with django_assert_num_queries(1):
        alice_signed_in.get(f"/avatars/{alice.avatar_id}.webp")


@pytest.mark.parametrize("name", [f"{UUID(int=1)}.webp", "1.webp", "..%2f..%2fetc%2fpasswd.webp"])
def test_there_is_nothing_at_other_addresses(client, name):
    assert client.get(f"/avatars/{name}").status_code == 404


def test_replacing_and_removing_deletes_what_was_there(alice_signed_in, alice, bob):
    bob.change_avatar(b"of bob")
    upload(alice_signed_in, drawn())
    first = Avatar.objects.get(user=alice).pk
    upload(alice_signed_in, drawn(color=BLUE))
    assert Avatar.objects.get(user=alice).pk != first
    assert alice_signed_in.get(f"/avatars/{first}.webp").status_code == 404
    assert "Remove the picture" in alice_signed_in.get("/account/").text
    alice_signed_in.post("/account/avatar/remove/")
    assert [bytes(image) for image in Avatar.objects.values_list("image", flat=True)] == [b"of bob"]
    assert "Remove the picture" not in alice_signed_in.get("/account/").text


def test_a_picture_goes_with_its_person_however_they_are_deleted(alice, bob):
    for person in (alice, bob):
        person.change_avatar(b"picture")
    User.objects.all().delete()
    assert not Avatar.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_uploads_at_once_one_picture_is_left(alice):
    uploads = [partial(User.objects.get().change_avatar, bytes([n])) for n in range(8)]
    assert at_once(*uploads) == [None] * 8
    assert Avatar.objects.get().user == alice


def test_removing_is_a_post_of_a_signed_in_person(client, alice):
    assert client.post("/account/avatar/remove/").status_code == 302
    client.force_login(alice)
    assert client.get("/account/avatar/remove/").status_code == 405
    assert client.get("/account/avatar/").headers["Location"] == "/account/"


def test_a_picture_stands_where_the_initials_stood(client, acme, alice, django_assert_num_queries):
    client.force_login(alice)
    client.get("/o/acme/members/")  # the first visit is remembered
    alice.change_avatar(b"picture")
    with django_assert_num_queries(5):  # as many as without
        page = client.get("/o/acme/members/").text
    assert page.count(f'src="/avatars/{alice.avatar_id}.webp"') == 2  # the list and the menu
    assert page.count(">BE</span>") == 1
