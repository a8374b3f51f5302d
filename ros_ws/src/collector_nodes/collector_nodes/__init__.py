"""Thin rclpy nodes: parameters, topics and timers around objects of `collector`."""
