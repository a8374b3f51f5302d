"""Practice, then record: the session's states, the gate, what comes next. Knows no ROS."""
