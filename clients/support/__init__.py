"""What the checks of several folders share. pytest finds it by `pythonpath` in pytest.ini."""
