"""A program that cannot be had skips its tests with the reason, and fails them in continuous integration."""

import pytest

from tests import programs

ASKED = [lambda _: programs.debian("golang-go", program="go"), programs.npm]


@pytest.mark.parametrize("ask", ASKED)
def test_what_cannot_be_had_is_skipped_with_the_reason_or_fails_where_all_must_run(ask, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CI", "")
    with pytest.raises(pytest.skip.Exception, match="install"):
        ask(tmp_path)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="install"):
        ask(tmp_path)


def test_a_file_that_a_package_must_bring_counts_like_its_program(tmp_path):
    (tmp_path / "there").touch()
    assert programs.missing("python3", (str(tmp_path / "there"),)) is None
    assert programs.missing("python3", (str(tmp_path / "absent"),)) == str(tmp_path / "absent")
