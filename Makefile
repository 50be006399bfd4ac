# Every target sets up what it needs. `make lock` renews requirements.lock.
.PHONY: setup demo test bench shots soak strings lint types layers check lock clean
PYTHON ?= python3
BIN := .venv/bin

setup: .venv/ready

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	awk '/^[^ ]/ {p = /^uv==/} p' requirements.lock | $(BIN)/pip install -q --disable-pip-version-check --require-hashes -r /dev/stdin
	$(BIN)/uv pip sync -q --compile-bytecode --system-certs --python $(BIN)/python --require-hashes requirements.lock
	$(BIN)/uv pip install -q --offline --python $(BIN)/python --no-deps --no-build-isolation -e .
	touch $@

demo: .venv/ready
	$(BIN)/chm demo

test: .venv/ready
	$(BIN)/python -m pytest -n 2 --dist worksteal

bench: .venv/ready
	$(BIN)/python -m tests.bench

# Every page in every language, width and colour scheme, as pictures below shots/; SHOTS="--only search --langs en,ar".
shots: .venv/ready
	$(BIN)/python -m tests.browser.shots $(SHOTS)

# The long runs: thousands of kills, many more examples of every property.
soak: .venv/ready
	CHM_KILLS=5000 HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest -n 2 tests/sync tests/federation tests/contracts tests/node

strings: .venv/ready
	$(BIN)/python -m chmnode.portal.strings

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/ready
	$(BIN)/mypy

layers: .venv/ready
	$(BIN)/lint-imports --no-logo

check: lint types layers

lock: .venv/ready
	$(BIN)/uv pip compile -q --system-certs pyproject.toml --group dev --universal --generate-hashes --no-annotate --no-header --upgrade -o requirements.lock
	! grep -nE '/|^-| @ ' requirements.lock

clean:
	rm -rf .venv
