# Everything happens in .venv, which is made once; the second run of any target is quick.
#   make lab     open a copy of the course        make test    everything that is checked before a change lands
#   make demo    one lab, shown in the terminal  make bench   the benchmarks
#   make lock    pin new versions                make clean   remove what this file made
#   make picture       draw the README's picture anew
#   make house         draw the rooms of the package anew, for docs/ARCHITECTURE.md
#   make fuzz          look for captures that break the reader, guided by coverage, for SECONDS
#   make mutants       put small faults into what the branch changed, and print those that no test notices
#   make site          write the course as web pages into cnetkit-site
#   make recordings    record each lab's and notebook's session anew, for machines that cannot run it live

SHELL := /bin/sh
BIN := .venv/bin
STAMP := .venv/.ready
COURSE = cnetkit-course
SITE = cnetkit-site

# These run labs one after another. The rest runs beside them, and LATER is left to .ci/run.
LIVE = tests/browser tests/kernel tests/test_notebooks.py
LATER =
# What they find does not depend on who runs them, or they run as an ordinary user in any case. Open vSwitch needs /dev/net/tun.
EITHER = any_capture columns confined docker_judge docker_judge_udp exercises lessons openvswitch partial segments truth \
	unreported

.PHONY: mutants house lab demo site test kernel-test bench fuzz lock picture recordings clean system test-system
.NOTPARALLEL:

lab: $(STAMP)
	@$(BIN)/cnetkit open $(COURSE)

demo: $(STAMP)
	@$(BIN)/cnetkit run port-mapping --brief || { \
		if $(BIN)/cnetkit doctor >/dev/null; then exit 1; fi; \
		echo "This system refuses live labs; \`$(BIN)/cnetkit doctor\` says how to mend it. Here is the lab's recording instead."; \
		$(BIN)/cnetkit run port-mapping --brief --replay; }
	@echo; echo "Now: make lab                            lessons where such packets move"
	@echo "     $(BIN)/cnetkit run port-mapping  every packet of this lab"
	@echo "     $(BIN)/cnetkit list              the other labs"

site: $(STAMP)
	@$(BIN)/cnetkit site $(SITE)

test: $(STAMP) test-system
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@mkdir -p test-output; echo "Labs, and in the background all that needs none, which is told afterwards:"; \
	$(BIN)/python -m pytest $(patsubst %,--ignore=%,$(LIVE) $(LATER)) -p no:cacheprovider >test-output/rest.txt 2>&1 & rest=$$!; \
	$(BIN)/python -m pytest $(LIVE); live=$$?; \
	wait $$rest; rest=$$?; cat test-output/rest.txt; [ $$live = 0 ] && [ $$rest = 0 ]

kernel-test: $(STAMP) test-system
	$(BIN)/python -m pytest tests/kernel tests/test_notebooks.py $(EITHER:%=--ignore=tests/kernel/test_%.py)

bench: $(STAMP) test-system
	$(BIN)/python -m tests.bench

# FOLDER= takes everything in a folder of cnetkit instead of what the branch changed; SAMPLE= says how many.
mutants: SAMPLE = 40
mutants: $(STAMP)
	$(BIN)/python -m tests.mutants --sample $(SAMPLE) $(FOLDER)

fuzz: SECONDS = 600
fuzz: $(STAMP)
	@$(BIN)/python -c 'import atheris' 2>/dev/null || $(BIN)/python -m pip install -qq 'atheris>=3'
	@mkdir -p test-output/fuzz
	$(BIN)/python -m tests.fuzz.captures -max_total_time=$(SECONDS) -artifact_prefix=test-output/ test-output/fuzz

lock: $(STAMP)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade --no-emit-index-url \
		--no-header --no-annotate --extra notebook --extra parquet --extra site --extra test pyproject.toml --output-file requirements.lock

picture: $(STAMP) test-system
	$(BIN)/python docs/picture.py

house: $(STAMP)
	$(BIN)/python docs/house.py

recordings: $(STAMP)
	@for lab in labs/*/lab.py; do lab=$${lab%/lab.py}; \
		$(BIN)/cnetkit run $${lab#labs/} --record $$lab/session.cnetkit >/dev/null && ls -l $$lab/session.cnetkit; done
	@for notebook in $$(grep -l 'cnetkit.lesson(' notebooks/*.ipynb); do session=$${notebook%.ipynb}.cnetkit; \
		CNETKIT_MODE=live CNETKIT_RECORD=$$PWD/$$session XDG_STATE_HOME=$$PWD/test-output \
		$(BIN)/jupyter execute $$notebook >/dev/null && ls -l $$session; done

clean:
	rm -rf .venv dist test-output .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

system:
	@sh binder/system.sh

test-system:
	@sh binder/system.sh tests/apt.txt

$(STAMP): requirements.lock pyproject.toml | system
	@python=$$(sh binder/python.sh) || exit 1; \
	echo "Setting up .venv, once:"; \
	$(BIN)/python -c '' 2>/dev/null || $$python -m venv --clear .venv
	@sh binder/install.sh
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
