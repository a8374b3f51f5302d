# Two commands do everything on a fresh machine: `make demo` and `make test`.
.DEFAULT_GOAL := help
.PHONY: help setup demo calibrate test bench endurance clean
BIN := .venv/bin
LANGUAGE ?= de

help:
	@echo "make demo       set up, then record episodes on the simulated station"
	@echo "make calibrate  set up, then calibrate both simulated cameras against their truth"
	@echo "make test       set up, then run every check and test"
	@echo "make bench      set up, then measure"
	@echo "make endurance  set up, then record for 10 minutes and kill every node 20 times"
	@echo "make translations LANGUAGE=de  collect the console's texts, compile what is translated"
	@echo "make clean      remove the environment and everything built"

setup:
	@bash ros_ws/environment/install.sh

demo: setup
	@$(BIN)/collector demo

calibrate: setup
	@$(BIN)/collector calibrate demo

test: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2 -m "not ros and not endurance"
	$(BIN)/pytest -m "ros and not endurance"

bench: setup
	@$(BIN)/python -m benchmarks

endurance: setup
	$(BIN)/pytest -m endurance tests/system

translations: setup
	@mkdir -p ui/translations
	@$(BIN)/pyside6-lupdate $$(find ui -name '*.py') -locations none -no-obsolete -ts ui/translations/console_$(LANGUAGE).ts
	@$(BIN)/pyside6-lrelease ui/translations/console_*.ts

clean:
	rm -rf .venv ros_ws/build ros_ws/log build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
