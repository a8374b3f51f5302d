"""Recording robot demonstrations. Imports neither ROS nor Qt."""
